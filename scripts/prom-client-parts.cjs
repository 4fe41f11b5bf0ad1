// The parts of prom-client that the bundle has; imported by their files, since its index loads all of it.
exports.Registry = require("../node_modules/prom-client/lib/registry");
exports.Counter = require("../node_modules/prom-client/lib/counter");
exports.Gauge = require("../node_modules/prom-client/lib/gauge");
exports.Histogram = require("../node_modules/prom-client/lib/histogram");
exports.collectDefaultMetrics = require("../node_modules/prom-client/lib/defaultMetrics");
