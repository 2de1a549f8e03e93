/** Picks people, or groups, by what one remembers of them: a name, a mail, the beginning of either. */
import {
  Combobox,
  type ComboboxProps,
  Field,
  makeStyles,
  Option,
  tokens,
} from '@fluentui/react-components';
import { asProblem } from '@isopolity/core';
import { Chips, Said, useRested } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { objectsById } from '../api/queries';
import type { DirectoryObject } from '../api/shapes';
import { findObjects, isFoundBy, type Kind } from './find';

const PAUSE_MS = 200;
/** Objects whose names are asked for at once. */
const NAMED_MAX = 200;

const useStyles = makeStyles({
  more: { color: tokens.colorNeutralForeground3 },
  wide: { width: '100%' },
});

/** Keeps what is shown in its place, and what comes behind it: nothing moves under a hand that is about to click. */
function useSteady(objects: DirectoryObject[] = []): DirectoryObject[] {
  const [order, setOrder] = useState<string[]>([]);
  const known = new Map(objects.map((object) => [object.id, object]));
  const kept = order.filter((id) => known.has(id));
  const next = [...new Set([...kept, ...known.keys()])];
  if (next.join() !== order.join()) setOrder(next);
  return next.flatMap((id) => known.get(id) ?? []);
}

export function ObjectPicker(props: {
  kind: Kind;
  label: string;
  hint?: string;
  /** Ids, in the order in which they were picked. */
  value: string[];
  onChange: (ids: string[]) => void;
  single?: boolean;
  /** What an id of an application is: the object's or the client's. */
  idOf?: (object: DirectoryObject) => string;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { kind, value, onChange, single } = props;
  const idOf = props.idOf ?? ((object: DirectoryObject) => object.id);
  const [text, setText] = useState('');
  const [isOpen, setOpen] = useState(false);
  const typed = text.trim();
  const wanted = useRested(typed, PAUSE_MS);
  const found = useQuery({
    queryKey: ['find', kind, wanted],
    queryFn: ({ signal }) => findObjects(kind, wanted, signal),
    placeholderData: (before) => before,
  });
  const isAnswered = wanted === typed && !found.isPlaceholderData;
  const shown = useSteady(
    isAnswered ? found.data : found.data?.filter((object) => isFoundBy(object, typed)),
  );
  const named = useQuery(objectsById(value.slice(0, NAMED_MAX)));
  const known = new Map(
    [...(named.data ?? []), ...(found.data ?? [])].map((object) => [idOf(object), object]),
  );
  const nameOf = (id: string) => known.get(id)?.displayName ?? `${id.slice(0, 8)}…`;
  const onSelect: ComboboxProps['onOptionSelect'] = (_, { optionValue }) => {
    if (!optionValue) return;
    setText('');
    if (single) onChange([optionValue]);
    else if (value.includes(optionValue)) onChange(value.filter((id) => id !== optionValue));
    else onChange([...value, optionValue]);
  };
  const problem = found.error && asProblem(found.error).message;

  return (
    <Field
      label={props.label}
      {...(props.hint ? { hint: props.hint } : {})}
      {...(problem
        ? { validationMessage: <Said text={problem} />, validationState: 'error' as const }
        : {})}
    >
      <Combobox
        className={styles.wide}
        expandIcon={{ 'aria-label': `${props.label}: ${t('ui.open')}` }}
        clearIcon={null}
        freeform
        multiselect={!single}
        selectedOptions={value}
        value={text}
        placeholder={t(`picker.${kind}`)}
        onChange={(event) => {
          setText(event.target.value);
          // What is pasted is looked for as what is typed.
          setOpen(true);
        }}
        open={isOpen && (isAnswered || shown.length > 0)}
        onOpenChange={(_, { open }) => setOpen(open)}
        onOptionSelect={onSelect}
      >
        {shown.map((object) => (
          <Option key={object.id} value={idOf(object)} text={object.displayName ?? object.id}>
            <span>
              {object.displayName}
              {object.userPrincipalName && (
                <span className={styles.more}> {object.userPrincipalName}</span>
              )}
            </span>
          </Option>
        ))}
        {isAnswered && found.data && !shown.length && (
          <Option disabled value="" text="">
            {t('picker.nothing')}
          </Option>
        )}
      </Combobox>
      <Chips
        label={props.label}
        chips={value.map((id) => ({ id, name: nameOf(id) }))}
        onTakeOut={(id) => onChange(value.filter((each) => each !== id))}
      />
    </Field>
  );
}
