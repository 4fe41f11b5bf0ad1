// Of TypeBox's values, what the bundle has: checks, without casts, conversions and defaults.
import { Errors } from "../node_modules/@sinclair/typebox/build/esm/errors/errors.mjs";
import { Check } from "../node_modules/@sinclair/typebox/build/esm/value/check/check.mjs";

export const Value = { Check, Errors };
