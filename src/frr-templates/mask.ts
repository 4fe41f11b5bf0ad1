/** What stands in place of a password wherever a person may look. */
export const MASK = "********";

/** Every `password` of a neighbor or peer group, rendered or from extra configuration. */
export const maskPasswords = (text: string): string =>
  text.replace(
    /^(\s*(?:no )?(?:neighbor \S+ )?(?:enable )?password(?: \d)?) \S.*$/gm,
    `$1 ${MASK}`,
  );
