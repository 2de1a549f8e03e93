/** A setting of a few values, changed at once, with its call. */
import { Dropdown, Field, Option } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { GraphCall } from '@isopolity/ui';

export function Choice<T extends string | number>(props: {
  label: string;
  hint?: string;
  value: T;
  values: readonly T[];
  words: (value: T) => string;
  change: (value: T) => Change;
  onChoose: (value: T) => void;
  disabled?: boolean;
}) {
  const { value, words } = props;
  // What somebody has set elsewhere is among the choices, too.
  const values = props.values.includes(value) ? props.values : [value, ...props.values];
  return (
    <div>
      <Field label={props.label} {...(props.hint ? { hint: props.hint } : {})}>
        <Dropdown
          clearButton={null}
          value={words(value)}
          selectedOptions={[String(value)]}
          disabled={props.disabled === true}
          onOptionSelect={(_, { optionValue }) => {
            const wanted = values.find((each) => String(each) === optionValue);
            if (wanted !== undefined && wanted !== value) props.onChoose(wanted);
          }}
        >
          {values.map((each) => (
            <Option key={each} value={String(each)} text={words(each)}>
              {words(each)}
            </Option>
          ))}
        </Dropdown>
      </Field>
      <GraphCall change={props.change(value)} />
    </div>
  );
}
