/** IPv6 between octets and canonical text, on the way of every packet: no pattern matching, no intermediate lists. */

const [COLON, ZERO, NINE, A] = [58, 48, 57, 97];

/** RFC 5952, of the 16 octets from `from` on: lower case, no leading zeros, `::` for the longest run of zeros, the first of equals. */
export function ipv6Text(octets: Uint8Array, from = 0): string {
  let [at, length] = [-1, 1]; // a single zero is written out
  let run = 0;
  for (let group = 0; group < 8; group++) {
    const isZero = octets[from + group * 2] === 0 && octets[from + group * 2 + 1] === 0;
    run = isZero ? run + 1 : 0;
    if (run > length) [at, length] = [group - run + 1, run];
  }
  let text = "";
  for (let group = 0; group < 8; group++) {
    if (group === at) {
      text += "::";
      group += length - 1;
      continue;
    }
    if (group > 0 && group !== at + length) text += ":";
    const [high, low] = [octets[from + group * 2] ?? 0, octets[from + group * 2 + 1] ?? 0];
    text += ((high << 8) | low).toString(16);
  }
  return text;
}

/** 16 octets of such a text, and of any other valid IPv6 text in lower case without a dotted quad. */
export function ipv6Octets(text: string): Uint8Array {
  const octets = new Uint8Array(16);
  putIpv6(octets, 0, text);
  return octets;
}

/** Writes the 16 octets of such a text from `at` on. */
export function putIpv6(into: Uint8Array, at: number, text: string): void {
  let [next, value, digits, gap] = [at, 0, 0, -1];
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : COLON;
    if (code !== COLON) {
      value = value * 16 + (code <= NINE ? code - ZERO : code - A + 10);
      digits++;
      continue;
    }
    if (digits > 0) {
      into[next++] = value >> 8;
      into[next++] = value & 255;
      value = digits = 0;
    }
    if (text.charCodeAt(i + 1) === COLON) gap = next;
  }
  if (gap < 0) return;
  const tail = at + 16 - (next - gap); // what follows the gap belongs at the end
  into.copyWithin(tail, gap, next);
  into.fill(0, gap, tail);
}
