/** Secrets of a configuration, replaced before anyone else sees its lines: also where `password` is misspelt, as refused lines are told. */
const SECRET =
  /^(\s*(?:no )?(?:.*\s)?(?:pass?w\S*|authentication-key|md5|key-string|encryption-key|secret))(?: (?:[078] )?)\S.*$/;

export const MASK = "********";

/** One line; what follows the word that announces a secret is hidden. */
export const maskLine = (line: string): string => line.replace(SECRET, `$1 ${MASK}`);

export const maskText = (text: string): string => text.split("\n").map(maskLine).join("\n");
