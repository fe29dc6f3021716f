/** Node's own flags, as a worker gets them. */

/** `-e`, `-p`, `-pe` and their long names, which take code, here or as the next argument. */
const takesCode = /^(?:-[ep]+|--eval|--print)$/;
const ofCode = /^(?:--eval=|--print=|--input-type(?:=|$))/;

/** Without `-e`, `-p` and their like: a worker would run that code instead of its own file. */
export function fileFlags(flags: readonly string[]): string[] {
  return flags.filter(
    (flag, nth) =>
      !takesCode.test(flag) && !takesCode.test(flags[nth - 1] ?? '') && !ofCode.test(flag),
  );
}
