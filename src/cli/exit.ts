import { CommanderError } from "commander";
import { AppError } from "../errors.ts";
import type { Code } from "../errors.ts";

/** 0 fine, 1 the input has errors, 2 wrong usage or unreadable input, 3 the environment failed. */
export const EXIT = { fine: 0, inputHasErrors: 1, usage: 2, environment: 3 } as const;

const USAGE: readonly Code[] = ["ERR_USAGE", "ERR_UNREADABLE_INPUT"];

/** The exit code that an error that ended a command stands for, and what to tell a person; null: nothing more. */
export function verdictOf(error: unknown): {
  readonly code: number;
  readonly message: string | null;
} {
  if (error instanceof CommanderError)
    return { code: error.exitCode === 0 ? EXIT.fine : EXIT.usage, message: null }; // commander has spoken
  if (error instanceof AppError)
    return {
      code: USAGE.includes(error.code) ? EXIT.usage : EXIT.environment,
      message: error.message,
    };
  return {
    code: EXIT.environment,
    message:
      error instanceof Error ? `internal error: ${error.stack ?? error.message}` : String(error),
  };
}

/** What a command that ended well says through its exit code; `process.exit` would cut output off. */
export const exitWith = (code: (typeof EXIT)[keyof typeof EXIT]): void => {
  process.exitCode = code;
};
