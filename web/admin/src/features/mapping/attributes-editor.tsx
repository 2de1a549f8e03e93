/** Which attribute is made from what, and who decides about it; beside it what a person would get. */
import {
  Button,
  Dropdown,
  Field,
  Input,
  makeStyles,
  mergeClasses,
  Option,
  Textarea,
  tokens,
} from '@fluentui/react-components';
import { formatSeries } from '@isopolity/core';
import { Mark, Said } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useId, useState } from 'react';
import { type AttributeMapping, FIXED, FLOW_TYPES, sourceOf, type Tried } from './model';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0 },
  item: { borderTop: `1px solid ${tokens.colorNeutralStroke3}` },
  row: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr)',
    gap: '2px 16px',
    width: '100%',
    minHeight: '40px',
    padding: '6px 4px',
    textAlign: 'start',
    alignItems: 'center',
    border: 'none',
    backgroundColor: 'transparent',
    fontFamily: 'inherit',
    fontSize: 'inherit',
    lineHeight: 'inherit',
    color: 'inherit',
    cursor: 'pointer',
    borderRadius: tokens.borderRadiusSmall,
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  still: { cursor: 'default', ':hover': { backgroundColor: 'transparent' } },
  cut: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', minWidth: 0 },
  code: {
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
    textAlign: 'start',
  },
  value: {
    display: 'grid',
    gridTemplateColumns: '14px minmax(0, 1fr)',
    gap: '8px',
    alignItems: 'center',
    gridRow: '1 / 3',
    gridColumn: 2,
  },
  none: { color: tokens.colorNeutralForeground3 },
  wrong: { color: tokens.colorPaletteRedForeground1, overflowWrap: 'anywhere' },
  form: { display: 'grid', gap: '12px', padding: '4px 4px 16px' },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '8px' },
  add: { marginBlockStart: '12px', maxWidth: '320px' },
});

export function AttributesEditor(props: {
  mappings: AttributeMapping[];
  targets: string[];
  tried: Tried['attributes'] | undefined;
  onChange: (mappings: AttributeMapping[]) => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { mappings, onChange } = props;
  const [opened, setOpened] = useState<string>();
  const added = props.targets.filter(
    (name) => !mappings.some(({ targetAttributeName }) => targetAttributeName === name),
  );
  return (
    <>
      <ul className={styles.list}>
        {mappings.map((mapping) => {
          const name = mapping.targetAttributeName;
          return (
            <Item
              key={name}
              mapping={mapping}
              tried={props.tried?.find((each) => each.targetAttributeName === name)}
              isOpen={opened === name}
              onToggle={() => setOpened(opened === name ? undefined : name)}
              onChange={(changes) =>
                onChange(
                  mappings.map((each) =>
                    each.targetAttributeName === name ? { ...each, ...changes } : each,
                  ),
                )
              }
              onRemove={() =>
                onChange(mappings.filter((each) => each.targetAttributeName !== name))
              }
            />
          );
        })}
      </ul>
      {added.length > 0 && (
        <Field label={t('mapping.addAttribute')} className={styles.add}>
          <Dropdown
            clearButton={null}
            value=""
            placeholder={t('mapping.choose')}
            selectedOptions={[]}
            onOptionSelect={(_, { optionValue }) => {
              if (!optionValue) return;
              onChange([
                ...mappings,
                {
                  targetAttributeName: optionValue,
                  flowType: 'Always',
                  flowBehavior: 'FlowWhenChanged',
                  matchingPriority: 0,
                  source: sourceOf(`[${optionValue}]`),
                },
              ]);
              setOpened(optionValue);
            }}
          >
            {added.map((name) => (
              <Option key={name}>{name}</Option>
            ))}
          </Dropdown>
        </Field>
      )}
    </>
  );
}

function Item(props: {
  mapping: AttributeMapping;
  tried: Tried['attributes'][number] | undefined;
  isOpen: boolean;
  onToggle: () => void;
  onChange: (changes: Partial<AttributeMapping>) => void;
  onRemove: () => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const form = useId();
  const { mapping, tried, isOpen } = props;
  const name = mapping.targetAttributeName;
  const expression = mapping.source?.expression ?? '';
  // How people are found again can't be anything else.
  const isKey = Boolean(mapping.matchingPriority);
  const flow = FLOW_TYPES.find((each) => each === mapping.flowType) ?? 'Always';
  const line = (
    <>
      <span className={styles.cut}>{name}</span>
      <span dir="ltr" className={mergeClasses(styles.cut, styles.code)}>
        {expression || '–'}
      </span>
      {tried && (
        <span className={styles.value}>
          <Mark tone={tried.error ? 'bad' : tried.flows ? 'good' : 'none'} />
          {tried.error ? (
            <span className={styles.wrong}>
              <Said text={tried.error.message} />
            </span>
          ) : tried.values.length ? (
            <bdi className={styles.cut}>{formatSeries(tried.values)}</bdi>
          ) : (
            <span className={styles.none}>
              {t(tried.flows ? 'mapping.cleared' : 'mapping.leftAlone')}
            </span>
          )}
        </span>
      )}
    </>
  );
  if (isKey) {
    return (
      <li className={styles.item}>
        <div className={mergeClasses(styles.row, styles.still)}>
          {line}
          <span className={styles.none}>{t('mapping.key')}</span>
        </div>
      </li>
    );
  }
  return (
    <li className={styles.item}>
      <button
        type="button"
        className={styles.row}
        aria-expanded={isOpen}
        aria-controls={form}
        onClick={props.onToggle}
      >
        {line}
      </button>
      {isOpen && (
        <div id={form} className={styles.form}>
          <Field label={t('mapping.expression')} hint={t('mapping.expressionHint')}>
            <Textarea
              value={expression}
              dir="ltr"
              spellCheck={false}
              textarea={{ className: styles.code, dir: 'ltr' }}
              onChange={(_, { value }) =>
                props.onChange({ source: value ? { expression: value } : null })
              }
            />
          </Field>
          <Field label={t('mapping.flow')} hint={t(`flow.${flow}Hint`)}>
            <Dropdown
              clearButton={null}
              value={t(`flow.${flow}`)}
              selectedOptions={[flow]}
              onOptionSelect={(_, { optionValue }) =>
                optionValue && props.onChange({ flowType: optionValue })
              }
            >
              {FLOW_TYPES.map((each) => (
                <Option key={each} value={each}>
                  {t(`flow.${each}`)}
                </Option>
              ))}
            </Dropdown>
          </Field>
          <Field label={t('mapping.defaultValue')}>
            <Input
              value={mapping.defaultValue ?? ''}
              onChange={(_, { value }) => props.onChange({ defaultValue: value || null })}
            />
          </Field>
          {!FIXED.includes(name) && (
            <div className={styles.actions}>
              <Button size="small" onClick={props.onRemove}>
                {t('mapping.remove', { attribute: name })}
              </Button>
            </div>
          )}
        </div>
      )}
    </li>
  );
}
