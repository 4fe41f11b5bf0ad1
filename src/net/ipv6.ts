/** IPv6 between octets and canonical text, on the way of every packet: no pattern matching, no intermediate lists. */

const [COLON, ZERO, NINE, A] = [58, 48, 57, 97];

/** RFC 5952: lower case, no leading zeros, `::` for the longest run of zeros, the first of equals. */
export function ipv6Text(octets: Uint8Array): string {
  let [at, length] = [-1, 1]; // a single zero is written out
  let run = 0;
  for (let group = 0; group < 8; group++) {
    run = octets[group * 2] === 0 && octets[group * 2 + 1] === 0 ? run + 1 : 0;
    if (run > length) [at, length] = [group - run + 1, run];
  }
  let text = "";
  for (let group = 0; group < 8; group++) {
    if (group === at) {
      text += "::";
      group += length - 1;
      continue;
    }
    if (text !== "" && !text.endsWith(":")) text += ":";
    text += (((octets[group * 2] ?? 0) << 8) | (octets[group * 2 + 1] ?? 0)).toString(16);
  }
  return text;
}

/** 16 octets of such a text, and of any other valid IPv6 text in lower case without a dotted quad. */
export function ipv6Octets(text: string): Uint8Array {
  const octets = new Uint8Array(16);
  let [group, value, gap] = [0, 0, -1];
  let digits = 0;
  const put = (): void => {
    octets[group * 2] = value >> 8;
    octets[group * 2 + 1] = value & 255;
    group++;
    [value, digits] = [0, 0];
  };
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === COLON) {
      if (digits > 0) put();
      if (text.charCodeAt(i + 1) === COLON) gap = group;
    } else {
      value = value * 16 + (code <= NINE ? code - ZERO : code - A + 10);
      digits++;
    }
  }
  if (digits > 0) put();
  if (gap < 0) return octets;
  octets.copyWithin(16 - (group - gap) * 2, gap * 2, group * 2);
  return octets.fill(0, gap * 2, 16 - (group - gap) * 2);
}
