/**
 * The full counts of the FRR engine: random pairs, one change among a thousand Services. Each number can be set
 * (`FERROLB_PAIRS`, `FERROLB_CHANGES`, `FERROLB_SEED`). The exit code is mocha's.
 */
import { execa } from "execa";

const env = {
  FERROLB_PAIRS: process.env["FERROLB_PAIRS"] ?? "2000",
  FERROLB_CHANGES: process.env["FERROLB_CHANGES"] ?? "100",
  FERROLB_SEED: process.env["FERROLB_SEED"] ?? String(Date.now() % 1_000_000),
};
const specs = ["test/frr/delta-property.test.ts", "test/frr/thousand.test.ts"];
console.log(`soak of the delta engine: ${JSON.stringify(env)}`);
const { exitCode } = await execa("npx", ["mocha", "--timeout", "0", ...specs], {
  env,
  stdio: "inherit",
  reject: false,
});
process.exitCode = exitCode ?? 1;
