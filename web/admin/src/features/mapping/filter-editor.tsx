/** Scoping filters: groups of conditions, of which a person has to pass one whole group. */
import {
  Button,
  Combobox,
  Dropdown,
  Field,
  Input,
  makeStyles,
  Option,
  tokens,
} from '@fluentui/react-components';
import { AddRegular, DismissRegular } from '@fluentui/react-icons';
import { formatSeries } from '@isopolity/core';
import { Mark } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import {
  type Clause,
  comparesWithNothing,
  type FilterGroup,
  OPERATORS,
  operatorKey,
  type Tried,
} from './model';

const useStyles = makeStyles({
  groups: { display: 'grid', gap: '12px' },
  group: {
    display: 'grid',
    gap: '8px',
    padding: '12px',
    margin: 0,
    minWidth: 0,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
  },
  row: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1.1fr) minmax(0, 1.1fr) minmax(0, 1fr) auto',
    gap: '8px',
    '@media (max-width: 640px)': { gridTemplateColumns: '1fr 1fr' },
  },
  select: { minWidth: 0 },
  verdict: {
    gridColumn: '1 / -1',
    display: 'grid',
    gridTemplateColumns: '14px minmax(0, 1fr)',
    gap: '8px',
    alignItems: 'center',
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
  },
  or: { color: tokens.colorNeutralForeground2, paddingInlineStart: '12px' },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '8px' },
});

const EMPTY: Clause = {
  sourceOperandName: 'department',
  operatorName: 'EQUALS',
  targetOperand: { values: [''] },
};

export function FilterEditor(props: {
  groups: FilterGroup[];
  attributes: string[];
  /** What becomes of the person on whom it is tried; only if nothing is unfinished. */
  tried: Tried['groups'] | undefined;
  onChange: (groups: FilterGroup[]) => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { groups, onChange } = props;
  const put = (at: number, clauses: Clause[]) =>
    onChange(
      groups
        .map((group, index) => (index === at ? { ...group, clauses } : group))
        .filter(({ clauses }) => clauses.length),
    );
  return (
    <div className={styles.groups}>
      {groups.map((group, at) => (
        <div key={at}>
          {at > 0 && <div className={styles.or}>{t('mapping.or')}</div>}
          <div
            className={styles.group}
            role="group"
            aria-label={t('mapping.group', { number: at + 1 })}
          >
            {group.clauses.map((clause, index) => (
              <ClauseRow
                key={index}
                clause={clause}
                attributes={props.attributes}
                tried={props.tried?.[at]?.clauses[index]}
                onChange={(changed) =>
                  put(
                    at,
                    group.clauses.map((each, place) => (place === index ? changed : each)),
                  )
                }
                onRemove={() =>
                  put(
                    at,
                    group.clauses.filter((_, place) => place !== index),
                  )
                }
              />
            ))}
            <div className={styles.actions}>
              <Button
                size="small"
                icon={<AddRegular />}
                onClick={() => put(at, [...group.clauses, EMPTY])}
              >
                {t('mapping.and')}
              </Button>
            </div>
          </div>
        </div>
      ))}
      <div className={styles.actions}>
        <Button
          size="small"
          icon={<AddRegular />}
          onClick={() => onChange([...groups, { name: '', clauses: [EMPTY] }])}
        >
          {groups.length ? t('mapping.orGroup') : t('rule.add')}
        </Button>
      </div>
    </div>
  );
}

function ClauseRow(props: {
  clause: Clause;
  attributes: string[];
  tried: Tried['groups'][number]['clauses'][number] | undefined;
  onChange: (clause: Clause) => void;
  onRemove: () => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { clause, tried, onChange } = props;
  const { sourceOperandName: attribute, operatorName: operator } = clause;
  const value = clause.targetOperand?.values.join(', ') ?? '';
  return (
    <div className={styles.row}>
      <Combobox
        className={styles.select}
        input={{ style: { minWidth: 0, width: '100%' } }}
        expandIcon={{ 'aria-label': `${t('rule.attribute')}: ${t('ui.open')}` }}
        clearIcon={null}
        aria-label={t('rule.attribute')}
        value={attribute}
        selectedOptions={[attribute]}
        onOptionSelect={(_, { optionValue }) =>
          optionValue && onChange({ ...clause, sourceOperandName: optionValue })
        }
      >
        {props.attributes.map((name) => (
          <Option key={name}>{name}</Option>
        ))}
      </Combobox>
      <Dropdown
        clearButton={null}
        className={styles.select}
        aria-label={t('rule.operator')}
        value={t(`operator.${operatorKey(operator)}`)}
        selectedOptions={[operator]}
        onOptionSelect={(_, { optionValue = '' }) =>
          onChange({
            ...clause,
            operatorName: optionValue,
            targetOperand: comparesWithNothing(optionValue)
              ? null
              : (clause.targetOperand ?? { values: [''] }),
          })
        }
      >
        {OPERATORS.map((each) => (
          <Option key={each} value={each}>
            {t(`operator.${operatorKey(each)}`)}
          </Option>
        ))}
      </Dropdown>
      {comparesWithNothing(operator) ? (
        <span />
      ) : (
        <Field className={styles.select}>
          <Input
            className={styles.select}
            aria-label={t('rule.value')}
            value={value}
            onChange={(_, { value }) => onChange({ ...clause, targetOperand: { values: [value] } })}
          />
        </Field>
      )}
      <Button
        appearance="subtle"
        icon={<DismissRegular />}
        aria-label={t('rule.remove')}
        onClick={props.onRemove}
      />
      {tried && (
        <div className={styles.verdict}>
          <Mark tone={tried.holds ? 'good' : 'bad'} />
          <span>
            {tried.values.length
              ? t(tried.holds ? 'mapping.holds' : 'mapping.fails', {
                  value: formatSeries(tried.values),
                })
              : t(tried.holds ? 'mapping.holdsEmpty' : 'mapping.failsEmpty')}
          </span>
        </div>
      )}
    </div>
  );
}
