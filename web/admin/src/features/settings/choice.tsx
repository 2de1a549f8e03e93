/** A setting of a few values, changed at once. */
import { Dropdown, Field, makeStyles, Option } from '@fluentui/react-components';

// As wide as its values, not as the page.
const useStyles = makeStyles({ values: { width: '100%', maxWidth: '320px' } });

export function Choice<T extends string | number>(props: {
  label: string;
  hint?: string;
  value: T;
  values: readonly T[];
  words: (value: T) => string;
  onChoose: (value: T) => void;
  disabled?: boolean;
}) {
  const styles = useStyles();
  const { value, words } = props;
  // What somebody has set elsewhere is among the choices, too.
  const values = props.values.includes(value) ? props.values : [value, ...props.values];
  return (
    <Field label={props.label} {...(props.hint ? { hint: props.hint } : {})}>
      <Dropdown
        className={styles.values}
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
  );
}
