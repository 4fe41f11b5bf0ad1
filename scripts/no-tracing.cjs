// In place of @opentelemetry/api: prom-client asks for the current span where exemplars are on, and ours are off.
exports.context = { active: () => undefined };
exports.trace = { getSpan: () => undefined };
