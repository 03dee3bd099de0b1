// Chooses strategies and their numbers.
import { type Choices, KINDS, KIND_NAMES, type KindName, isGood } from "./strategies";

interface Props {
  name: string;
  choices: Choices;
  onChange: (choices: Choices) => void;
}

export function StrategyForm({ name, choices, onChange }: Props) {
  const change = (kind: KindName, part: Partial<Choices[KindName]>) =>
    onChange({ ...choices, [kind]: { ...choices[kind], ...part } });

  return (
    <fieldset className="strategies">
      <legend>{name}</legend>
      {KIND_NAMES.map((kind) => {
        const { label, unit, least } = KINDS[kind];
        const { on, number } = choices[kind];
        return (
          <div key={kind} className="strategy" data-on={on}>
            <label>
              <input type="checkbox" checked={on} onChange={({ target }) => change(kind, { on: target.checked })} />
              {label}
            </label>
            <label className="number">
              <input
                type="number"
                inputMode="numeric"
                aria-label={`${label}: ${unit}`}
                min={least}
                value={Number.isNaN(number) ? "" : number}
                aria-invalid={on && !isGood(kind, number)}
                disabled={!on}
                onChange={({ target }) => change(kind, { number: target.valueAsNumber })}
              />
              {unit}
            </label>
          </div>
        );
      })}
    </fieldset>
  );
}
