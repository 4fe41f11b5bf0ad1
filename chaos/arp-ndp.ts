/**
 * The questions of a client and the answers it understands: ARP (RFC 826) and Neighbor Discovery (RFC 4861, 4.3 and 4.4),
 * written for the checker alone, so that it does not share a mistake with what it checks.
 */
export interface Asker {
  readonly mac: Buffer;
  readonly v4: Buffer;
  readonly v6: Buffer;
}
export interface Answer {
  readonly address: string;
  /** Colons, lower case: of the frame's sender, and what the answer says. */
  readonly mac: string;
}

const BROADCAST = Buffer.alloc(6, 0xff);
const ICMPV6 = 58;
const [SOLICITATION, ADVERTISEMENT] = [135, 136];

export const macText = (octets: Uint8Array): string =>
  [...octets].map((o) => o.toString(16).padStart(2, "0")).join(":");

export function v4Octets(text: string): Buffer {
  return Buffer.from(text.split(".").map(Number));
}

/** Of any address with one `::` or none, no dotted tail. */
export function v6Octets(text: string): Buffer {
  const [head = "", tail] = text.split("::");
  const words = (part: string): readonly string[] => (part === "" ? [] : part.split(":"));
  const [before, after] = [words(head), words(tail ?? "")];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const all = [...before, ...Array<string>(zeros).fill("0"), ...after];
  const octets = Buffer.alloc(16);
  all.forEach((word, i) => octets.writeUInt16BE(parseInt(word, 16), 2 * i));
  return octets;
}

export function question(address: string, asker: Asker): Buffer {
  return address.includes(":") ? solicitation(address, asker) : arpRequest(address, asker);
}

function arpRequest(address: string, { mac, v4 }: Asker): Buffer {
  const head = Buffer.from("0001080006040001", "hex");
  const target = v4Octets(address);
  const type = Buffer.from("0806", "hex");
  return Buffer.concat([BROADCAST, mac, type, head, mac, v4, Buffer.alloc(6), target]);
}

function solicitation(address: string, { mac, v6 }: Asker): Buffer {
  const target = v6Octets(address);
  const group = Buffer.concat([
    Buffer.from("ff0200000000000000000001ff", "hex"),
    target.subarray(13),
  ]);
  const body = Buffer.concat([
    Buffer.from([SOLICITATION, 0, 0, 0, 0, 0, 0, 0]),
    target,
    Buffer.from([1, 1]), // option: source link-layer address
    mac,
  ]);
  body.writeUInt16BE(checksum(v6, group, body), 2);
  const header = Buffer.alloc(8);
  header[0] = 0x60;
  header.writeUInt16BE(body.length, 4);
  header[6] = ICMPV6;
  header[7] = 255;
  const to = Buffer.concat([Buffer.from("3333ff", "hex"), target.subarray(13)]);
  return Buffer.concat([to, mac, Buffer.from("86dd", "hex"), header, v6, group, body]);
}

/** RFC 4443, 2.3: over the pseudo-header and the message. */
function checksum(from: Buffer, to: Buffer, body: Buffer): number {
  const length = Buffer.alloc(8);
  length.writeUInt32BE(body.length);
  length[7] = ICMPV6;
  const all = Buffer.concat([from, to, length, body, Buffer.alloc(body.length % 2)]);
  let sum = 0;
  for (let i = 0; i < all.length; i += 2) sum += all.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** What a frame to the asker says of an address that was asked for; null for every other frame. */
export function answerIn(
  frame: Uint8Array,
  asker: Asker,
  asked: ReadonlyMap<string, string>,
): Answer | null {
  const b = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  if (b.length < 42 || !b.subarray(0, 6).equals(asker.mac)) return null;
  const type = b.readUInt16BE(12);
  if (type === 0x0806) {
    if (b.readUInt16BE(20) !== 2 || !b.subarray(38, 42).equals(asker.v4)) return null;
    return found(asked, b.subarray(28, 32), b.subarray(22, 28));
  }
  if (type !== 0x86dd || b.length < 14 + 40 + 24 || b[20] !== ICMPV6) return null;
  if (b[54] !== ADVERTISEMENT || ((b[58] ?? 0) & 0x40) === 0) return null; // solicited ones alone
  const option = b.subarray(78, 86);
  const said = option.length === 8 && option[0] === 2 ? option.subarray(2) : b.subarray(6, 12);
  return found(asked, b.subarray(62, 78), said);
}

const found = (
  asked: ReadonlyMap<string, string>,
  address: Uint8Array,
  mac: Uint8Array,
): Answer | null => {
  const name = asked.get(Buffer.from(address).toString("hex"));
  return name === undefined ? null : { address: name, mac: macText(mac) };
};

/** Octets in hexadecimal to the address as it was written. */
export const askedFor = (addresses: readonly string[]): ReadonlyMap<string, string> =>
  new Map(addresses.map((a) => [(a.includes(":") ? v6Octets(a) : v4Octets(a)).toString("hex"), a]));
