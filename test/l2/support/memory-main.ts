/** Works with crypto, JSON, regular expressions and threads, and gives memory back all the while; prints what it worked out. */
import { createHash } from "node:crypto";
import { gzip } from "node:zlib";
import { promisify } from "node:util";
import { spareMemory } from "../../../src/l2/socket.ts";

const memory = spareMemory();
if (memory === null) throw new Error("the packet addon is not built");
const [ROUNDS, GIVEN_BACK_MS] = [100, 2];
let given = 0;
const giving = setInterval(() => {
  memory.giveBack();
  if (given++ % 10 === 0) memory.collect();
}, GIVEN_BACK_MS);
const pack = promisify(gzip);
let sum = 0;
for (let round = 0; round < ROUNDS; round++) {
  const list = Array.from({ length: 1000 }, (_, i) => ({ i, text: `${round}-${i}` }));
  const copy = JSON.parse(JSON.stringify(list)) as typeof list;
  sum = copy.filter(({ text }) => /^\d+-\d+$/u.test(text)).reduce((all, { i }) => all + i, 0);
  await pack(createHash("sha256").update(JSON.stringify(copy)).digest("hex"));
}
clearInterval(giving);
console.log(JSON.stringify({ sum, given }));
