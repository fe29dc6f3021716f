/** The flags of this Node, for another one. */

/** `-e`, `-p`, `-pe` and their long names, which take code, here or as the next argument. */
const takesCode = /^(?:-[ep]+|--eval|--print)$/;
const ofCode = /^(?:--eval=|--print=|--input-type(?:=|$))/;

/** Without those that say what to run, if it is no file: a worker would run it instead of its own. */
export function fileFlags(flags: readonly string[]): string[] {
  return flags.filter(
    (flag, nth) =>
      !takesCode.test(flag) && !takesCode.test(flags[nth - 1] ?? '') && !ofCode.test(flag),
  );
}
