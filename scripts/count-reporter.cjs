// Mocha's spec reporter, which also leaves `passed failed skipped` in the file FERROLB_COUNTS names.
const { writeFileSync } = require("node:fs");
const { reporters } = require("mocha");

module.exports = class CountReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    // What passed at the second try only is said, so that it gets looked at.
    runner.on("retry", (test, error) => {
      console.log(`    again: ${test.fullTitle()}: ${String(error?.message).split("\n")[0]}`);
    });
    runner.once("end", () => {
      const { passes, failures, pending } = this.stats;
      writeFileSync(process.env.FERROLB_COUNTS, `${passes} ${failures} ${pending}\n`);
    });
  }
};
