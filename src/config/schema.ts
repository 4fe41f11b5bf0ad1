import type { Problem } from "../api/problem.ts";
import type { Source } from "./source.ts";

/** Rules V1 to V17: what the schema of the object's kind says. */
export const schemaProblems: (source: Source) => readonly Problem[] = () => [];
