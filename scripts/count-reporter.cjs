// Mocha's spec reporter, which also leaves `passed failed skipped` in the file FERROLB_COUNTS names.
const { writeFileSync } = require("node:fs");
const { reporters } = require("mocha");

module.exports = class CountReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once("end", () => {
      const { passes, failures, pending } = this.stats;
      writeFileSync(process.env.FERROLB_COUNTS, `${passes} ${failures} ${pending}\n`);
    });
  }
};
