// What stands behind the scripts of the root package.json:
//
//   node scripts/bootstrap.mjs <task> [arguments]
//
// A clone needs Node and npm only. This file is kept to syntax that every Node
// with ES modules can read, so that an old one hears what it lacks.

var major = Number(process.versions.node.split('.')[0]);
if (major < 18) {
  console.error(
    `The scripts of ReverseIt need Node.js >= 18 to start from; this is ${process.version}.`,
  );
  process.exitCode = 1;
} else {
  import('./lib/tasks.mjs').then((tasks) => tasks.main(process.argv[2], process.argv.slice(3)));
}
