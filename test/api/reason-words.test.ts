/** One catalogue of reasons: whoever has a reason of its own has it from there. The types are checked by tsc. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { EventReason } from "../../src/allocator/events.ts";
import type { PendingReason, PoolRefusal } from "../../src/allocator/reasons.ts";
import { REASON_WORDS, isReasonWord } from "../../src/api/reason-words.ts";
import type { ReasonWord } from "../../src/api/reason-words.ts";
import type { BgpReason } from "../../src/bgp/decision.ts";
import type { Step } from "../../src/explain/explanation.ts";
import type { MemberStatus } from "../../src/explain/status.ts";
import type { Fault } from "../../src/frr/session-fault.ts";
import type { L2Cause, L2Reason } from "../../src/l2/decision.ts";
import type { Reason as Reported } from "../../src/reconciler/reason-texts.ts";

type User =
  | Reported // AnnouncementReport
  | Fault["reason"] // SpeakerReport
  | EventReason // events of the controller
  | PendingReason["kind"]
  | PoolRefusal["kind"]
  | BgpReason
  | L2Reason
  | L2Cause
  | Exclude<MemberStatus["reason"], "">;
/** What explain and status say. */
const said: readonly ReasonWord[] = [] as readonly Step["reason"][];
/** Fails to compile when somebody has a word that is not in the catalogue. */
const held: readonly ReasonWord[] = [] as readonly User[];

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((f) => f.endsWith(".ts"))
  .map((f) => [f, readFileSync(join("src", f), "utf8")] as const);

describe("words for reasons", () => {
  it("each has a sentence, and its users are held by their types", () => {
    expect([...held, ...said]).to.deep.equal([]);
    for (const [word, sentence] of Object.entries(REASON_WORDS))
      expect(sentence, word).to.match(/^[a-zA-Z].{10,}[^.]$/);
  });

  it("events of speakers and logs use words of the catalogue", () => {
    const found = sources.flatMap(([file, text]) => [
      ...[...text.matchAll(/recordEvent\(\{[^}]*?reason: "([^"]+)"/gs)].map((m) => [file, m[1]]),
      ...[...text.matchAll(/warn\(\s*ip,\s*"([^"]+)"/gs)].map((m) => [file, m[1]]),
      ...[...text.matchAll(/^ {4}reason: "([A-Za-z]+)",$/gm)].map((m) => [file, m[1]]),
    ]);
    expect(found.length).to.be.greaterThan(2);
    for (const [file, word] of found)
      expect(isReasonWord(word ?? ""), `${file ?? ""}: ${word ?? ""}`).to.equal(true);
  });
});
