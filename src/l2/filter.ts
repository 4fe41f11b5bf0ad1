import { ipOctets, familyOf } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";

/** One instruction of classic BPF, as `struct sock_filter` has it. */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

const LOAD_WORD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const LOAD_BYTE = 0x30; // BPF_LD | BPF_B | BPF_ABS
const JUMP = 0x05; // BPF_JMP | BPF_JA
const IF_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const IF_GREATER = 0x25; // BPF_JMP | BPF_JGT | BPF_K
const IF_AT_LEAST = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K
const ANCILLARY = 0xfffff000; // SKF_AD_OFF
const INTERFACE = ANCILLARY + 8; // SKF_AD_IFINDEX
const PACKET_TYPE = ANCILLARY + 4; // SKF_AD_PKTTYPE
const OTHER_HOST = 3; // PACKET_OTHERHOST

const step = (code: number, k: number, jt = 0, jf = 0): Instruction => ({ code, jt, jf, k });
const PASS = step(RETURN, 0x40000);
const DROP = step(RETURN, 0);

/** Nothing at all. */
export const DROP_ALL: readonly Instruction[] = [DROP];

/** Two trees of so many stay below 4096 instructions and below the 20 KiB (optmem_max) of older kernels. */
const MAX_RANGES = 150;

/** The last 32 bits of the addresses as ascending ranges, at most `MAX_RANGES`: nearest neighbours merge. */
export function rangesOf(ips: Iterable<Ip>): readonly (readonly [first: number, last: number])[] {
  const words = new Set<number>();
  for (const ip of ips) {
    const octets = ipOctets(ip);
    words.add(new DataView(octets.buffer).getUint32(octets.length - 4));
  }
  const sorted = [...words].sort((a, b) => a - b);
  const gaps = sorted.slice(1).map((word, i) => word - (sorted[i] ?? 0));
  const widest = [...gaps].sort((a, b) => b - a)[MAX_RANGES - 1] ?? 1;
  const ranges: [number, number][] = [];
  for (const word of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && word - last[1] <= Math.max(1, widest)) last[1] = word;
    else ranges.push([word, word]);
  }
  return ranges;
}

/** A binary tree over the ranges on the accumulator: falls through when it holds none of them. */
function tree(ranges: readonly (readonly [number, number])[]): Instruction[] {
  const middle = Math.floor(ranges.length / 2);
  const range = ranges[middle];
  if (range === undefined) return [];
  const left = tree(ranges.slice(0, middle));
  const right = tree(ranges.slice(middle + 1));
  // Conditional jumps reach 255 instructions, plain ones any number: hence the detours.
  return [
    step(IF_GREATER, range[1], 0, 1),
    step(JUMP, 2 + left.length + 1), // to the right half
    step(IF_AT_LEAST, range[0], 0, 1),
    PASS,
    ...left,
    step(JUMP, right.length),
    ...right,
  ];
}

/**
 * Ours alone: not a frame for a macvlan or VLAN interface on its way through, and not of a VLAN that has
 * no interface here: the kernel takes the tag off and marks such a frame as another host's.
 */
const own = (ifindex: number): Instruction[] => [
  step(LOAD_WORD, INTERFACE),
  step(IF_EQUAL, ifindex, 1, 0),
  DROP,
  step(LOAD_WORD, PACKET_TYPE),
  step(IF_EQUAL, OTHER_HOST, 0, 1),
  DROP,
];

/** ARP that asks for one of the addresses (tpa), or speaks in their name (spa). A superset is fine. */
export function arpFilter(ifindex: number, ips: Iterable<Ip>): readonly Instruction[] {
  const match = tree(rangesOf([...ips].filter((ip) => familyOf(ip) === 4)));
  return [...own(ifindex), step(LOAD_WORD, 38), ...match, step(LOAD_WORD, 28), ...match, DROP];
}

/** Neighbor Solicitations and Advertisements whose target ends like one of the addresses. */
export function ndpFilter(ifindex: number, ips: Iterable<Ip>): readonly Instruction[] {
  const match = tree(rangesOf([...ips].filter((ip) => familyOf(ip) === 6)));
  return [
    ...own(ifindex),
    step(LOAD_BYTE, 20), // next header
    step(IF_EQUAL, 58, 1, 0),
    DROP,
    step(LOAD_BYTE, 54), // ICMPv6 type
    step(IF_EQUAL, 135, 2, 0),
    step(IF_EQUAL, 136, 1, 0),
    DROP,
    step(LOAD_WORD, 74), // last word of the target
    ...match,
    DROP,
  ];
}

/** `struct sock_filter[]` in the byte order of this machine. */
export function filterOctets(program: readonly Instruction[]): Uint8Array {
  const octets = new Uint8Array(program.length * 8);
  const [half, word] = [new Uint16Array(octets.buffer), new Uint32Array(octets.buffer)];
  program.forEach(({ code, jt, jf, k }, i) => {
    half[i * 4] = code;
    octets[i * 8 + 2] = jt;
    octets[i * 8 + 3] = jf;
    word[i * 2 + 1] = k;
  });
  return octets;
}
