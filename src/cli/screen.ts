/** Where the lab shows itself: a table drawn in place on a terminal, else plain lines for what is new. */
import type { WriteStream } from "node:tty";
import { table } from "./output.ts";

export interface Screen {
  /** A line that says what happened. */
  note(text: string): void;
  /** What stands above the table. */
  title(text: string): void;
  rows(header: readonly string[], rows: readonly (readonly string[])[]): void;
  close(): void;
}

const NOTES_SHOWN = 8;
const HOME = "\x1b[H";
const REST_OF_LINE = "\x1b[K";
const REST_OF_SCREEN = "\x1b[J";
const ALTERNATE = "\x1b[?1049h\x1b[?25l";
const NORMAL = "\x1b[?25h\x1b[?1049l";

/** `output` null, or no terminal: plain lines. */
export function screen(output: WriteStream | null): Screen {
  return output?.isTTY === true ? drawn(output) : plain();
}

function plain(): Screen {
  const write = (text: string): void => void process.stdout.write(`${text}\n`);
  let before = new Set<string>();
  return {
    note: write,
    title: write,
    rows(header, rows) {
      const lines = table(header, rows).split("\n");
      if (before.size === 0 && lines[0] !== undefined) write(lines[0]);
      for (const line of lines.slice(1)) if (!before.has(line)) write(line);
      before = new Set(lines);
    },
    close: () => {},
  };
}

function drawn(output: WriteStream): Screen {
  const notes: string[] = [];
  let above = "";
  let shown = false;
  return {
    note(text) {
      notes.push(text);
      if (!shown) output.write(`${text}\n`);
    },
    title(text) {
      above = text;
    },
    rows(header, rows) {
      if (!shown) output.write(ALTERNATE);
      shown = true;
      const lines = [
        above,
        "",
        ...table(header, rows).split("\n"),
        "",
        ...notes.slice(-NOTES_SHOWN),
      ];
      const fitting = lines.slice(0, output.rows - 1).map((l) => l.slice(0, output.columns));
      output.write(
        `${HOME}${fitting.map((l) => `${l}${REST_OF_LINE}\n`).join("")}${REST_OF_SCREEN}`,
      );
    },
    close() {
      if (shown) output.write(NORMAL);
      shown = false;
    },
  };
}

export interface FullScreen {
  show(text: string): void;
  close(): void;
}

/** The part of a text that a terminal holds; what is cut says so, at the end of a line and at the end of all. */
export function fitted(text: string, rows: number, columns: number): readonly string[] {
  const lines = text.split("\n");
  const shown = lines.length <= rows ? lines : lines.slice(0, Math.max(0, rows - 1));
  const left = lines.length - shown.length;
  const cut = (line: string): string =>
    line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
  return [...shown, ...(left > 0 ? [`… ${left} more lines`] : [])].map(cut);
}

/** One text in place of the last; where there is no terminal, a text that differs is printed after it. */
export function fullScreen(output: WriteStream): FullScreen {
  let before: string | null = null;
  const draw = (): void => {
    if (before === null) return;
    const lines = fitted(before, output.rows - 1, output.columns);
    output.write(`${HOME}${lines.map((l) => `${l}${REST_OF_LINE}\n`).join("")}${REST_OF_SCREEN}`);
  };
  return {
    show(text) {
      if (text === before) return;
      const first = before === null;
      before = text;
      if (!output.isTTY) {
        output.write(`${first ? "" : "\n"}${text}\n`);
        return;
      }
      if (first) output.write(ALTERNATE);
      if (first) output.on("resize", draw);
      draw();
    },
    close() {
      output.off("resize", draw);
      if (before !== null && output.isTTY) output.write(NORMAL);
    },
  };
}
