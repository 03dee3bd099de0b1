// The strategies of a preview: what a form holds of them, and what of it is sent.
import type { EditStrategyInput } from "../generated/graphql";

export interface Choice {
  on: boolean;
  number: number; // NaN while the field is empty
}

interface Kind {
  label: string;
  unit: string;
  least: number;
  input: (number: number) => EditStrategyInput;
}

export const KINDS = {
  removeToolResult: {
    label: "Blank older tool results",
    unit: "newest kept",
    least: 0,
    input: (keepRecentNToolResults) => ({ removeToolResult: { keepRecentNToolResults } }),
  },
  removeToolCallParams: {
    label: "Blank older call arguments",
    unit: "newest kept",
    least: 0,
    input: (keepRecentNToolCalls) => ({ removeToolCallParams: { keepRecentNToolCalls } }),
  },
  middleOut: {
    label: "Cut out of the middle",
    unit: "tokens stay",
    least: 1,
    input: (tokenReduceTo) => ({ middleOut: { tokenReduceTo } }),
  },
  tokenLimit: {
    label: "Drop the oldest",
    unit: "tokens stay",
    least: 1,
    input: (limitTokens) => ({ tokenLimit: { limitTokens } }),
  },
} satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as KindName[];
export type Choices = Record<KindName, Choice>;

export const UNEDITED: Choices = {
  removeToolResult: { on: false, number: 1 },
  removeToolCallParams: { on: false, number: 1 },
  middleOut: { on: false, number: 1000 },
  tokenLimit: { on: false, number: 1000 },
};

export const CUT_DOWN: Choices = {
  ...UNEDITED,
  removeToolResult: { on: true, number: 1 },
  tokenLimit: { on: true, number: 500 },
};

export function isGood(kind: KindName, number: number): boolean {
  return Number.isInteger(number) && number >= KINDS[kind].least && number < 2 ** 31;
}

/** What the server is asked for; a number that it would refuse is marked in the form, and its strategy not sent. */
export function strategiesOf(choices: Choices): EditStrategyInput[] {
  return KIND_NAMES.filter((kind) => choices[kind].on && isGood(kind, choices[kind].number)).map((kind) =>
    KINDS[kind].input(choices[kind].number),
  );
}
