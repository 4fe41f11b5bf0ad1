// The parts of TypeBox that the bundle has; its index hands out all builders as one object, which keeps every one.
import { Array } from "../node_modules/@sinclair/typebox/build/esm/type/array/index.mjs";
import { Boolean } from "../node_modules/@sinclair/typebox/build/esm/type/boolean/index.mjs";
import { Integer } from "../node_modules/@sinclair/typebox/build/esm/type/integer/index.mjs";
import { Number } from "../node_modules/@sinclair/typebox/build/esm/type/number/index.mjs";
import { Object } from "../node_modules/@sinclair/typebox/build/esm/type/object/index.mjs";
import { Optional } from "../node_modules/@sinclair/typebox/build/esm/type/optional/index.mjs";
import { Record } from "../node_modules/@sinclair/typebox/build/esm/type/record/index.mjs";
import { String } from "../node_modules/@sinclair/typebox/build/esm/type/string/index.mjs";
import { Unknown } from "../node_modules/@sinclair/typebox/build/esm/type/unknown/index.mjs";
import { Unsafe } from "../node_modules/@sinclair/typebox/build/esm/type/unsafe/index.mjs";

export const Type = {
  ...{ Array, Boolean, Integer, Number, Object, Optional, Record, String, Unknown, Unsafe },
};
