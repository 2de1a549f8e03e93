/** Brings people in from a CSV that is dropped here: mapping, preview, errors by line, progress. */
import {
  Button,
  Dropdown,
  Field,
  makeStyles,
  mergeClasses,
  Option,
  ProgressBar,
  tokens,
} from '@fluentui/react-components';
import {
  asProblem,
  type CsvRow,
  download,
  formatNumber,
  fromCsv,
  fromLdif,
  isLdif,
  literal,
  toCsv,
  withQuery,
} from '@isopolity/core';
import { Mark, Said, SidePanel, useTell } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useRef, useState } from 'react';
import * as v from 'valibot';
import { ownTenant } from '../../api/queries';
import { graph } from '../../session';
import { guess, type Mapping, type Record_, recordsOf, TARGETS, type Target } from './import-model';
import { newPassword } from './password';

const BATCH = 20;
const ROWS_MAX = 20_000;
const SHOWN_MAX = 100;

const Answers = v.object({
  responses: v.array(
    v.object({
      id: v.string(),
      status: v.number(),
      body: v.nullish(
        v.looseObject({ error: v.optional(v.looseObject({ message: v.optional(v.string()) })) }),
      ),
    }),
  ),
});

const useStyles = makeStyles({
  drop: {
    display: 'grid',
    justifyItems: 'start',
    gap: '12px',
    padding: '24px',
    border: `1px dashed ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusLarge,
  },
  over: { backgroundColor: tokens.colorNeutralBackground1Hover },
  example: { margin: 0, color: tokens.colorNeutralForeground3 },
  text: { margin: 0 },
  mapping: { display: 'grid', gap: '12px', marginBlock: '16px' },
  lines: { listStyleType: 'none', margin: '12px 0', padding: 0, display: 'grid', gap: '8px' },
  line: { display: 'grid', gridTemplateColumns: '14px 1fr', gap: '10px', alignItems: 'start' },
  mark: { marginBlockStart: '3px' },
  number: { color: tokens.colorNeutralForeground2 },
});

const NOBODY: ReadonlySet<string> = new Set();
/** User names that one question asks about, and questions at once. */
const ASKED_AT_ONCE = 15;
const AT_ONCE = 6;

/** Which of these user names there are already. */
async function whoIsHere(names: string[], signal: AbortSignal): Promise<Set<string>> {
  const here = new Set<string>();
  const parts: string[][] = [];
  for (let at = 0; at < names.length; at += ASKED_AT_ONCE) {
    parts.push(names.slice(at, at + ASKED_AT_ONCE));
  }
  const ask = async (part: string[]) => {
    const { items } = await graph.page(
      v.object({ userPrincipalName: v.string() }),
      withQuery('/v1.0/users', {
        $select: 'userPrincipalName',
        $top: 999,
        $filter: `userPrincipalName in (${part.map(literal).join(',')})`,
      }),
      { signal },
    );
    for (const { userPrincipalName } of items) here.add(userPrincipalName.toLowerCase());
  };
  for (let at = 0; at < parts.length; at += AT_ONCE) {
    await Promise.all(parts.slice(at, at + AT_ONCE).map(ask));
  }
  return here;
}

function tableOf(text: string): { heads: string[]; rows: CsvRow[] } {
  const [head, ...rows] = fromCsv(text);
  return { heads: head?.cells ?? [], rows: head ? rows : [] };
}

interface Failed {
  line: number;
  name: string;
  reason: string;
}
interface Run {
  done: number;
  created: number;
  failed: Failed[];
  passwords: [string, string][];
  isOver: boolean;
}

export function ImportPanel({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const tell = useTell();
  const client = useQueryClient();
  const tenant = useQuery(ownTenant);
  const picker = useRef<HTMLInputElement>(null);
  const [heads, setHeads] = useState<string[]>([]);
  const [rows, setRows] = useState<CsvRow[]>([]);
  const [mapping, setMapping] = useState<Mapping>([]);
  const [isOver, setOver] = useState(false);
  const [wrong, setWrong] = useState('');
  const [running, setRunning] = useState<Run>();

  const verified = tenant.data?.verifiedDomains ?? [];
  const domain = verified.find(({ isDefault }) => isDefault)?.name ?? '';
  // The default one first: a name without a domain is in it.
  const domains = [domain, ...verified.map(({ name }) => name).filter((name) => name !== domain)];
  const at = mapping.indexOf('userPrincipalName');
  const names = useMemo(
    () =>
      at < 0
        ? []
        : rows.flatMap(({ cells }) => {
            const name = cells[at]?.trim().toLowerCase();
            return name ? [name.includes('@') ? name : `${name}@${domain}`] : [];
          }),
    [rows, at, domain],
  );
  const known = useQuery({
    queryKey: ['people', 'byNames', names],
    queryFn: ({ signal }) => whoIsHere(names, signal),
    enabled: names.length > 0,
    placeholderData: (before) => before,
  });
  const records = recordsOf(rows, mapping, domains, known.data ?? NOBODY);
  const good = records.filter(({ problem }) => !problem);
  const bad = records.filter(({ problem }) => problem);

  const take = async (file: File | undefined) => {
    if (!file) return;
    const text = await file.text();
    const { heads, rows: rest } = isLdif(text) ? fromLdif(text) : tableOf(text);
    if (!rest.length) return setWrong(t('import.nothing'));
    if (rest.length > ROWS_MAX) {
      return setWrong(t('import.tooMany', { count: ROWS_MAX, number: formatNumber(ROWS_MAX) }));
    }
    setWrong('');
    setHeads(heads);
    setRows(rest);
    setMapping(guess(heads));
  };

  const start = async () => {
    const run: Run = { done: 0, created: 0, failed: [], passwords: [], isOver: false };
    setRunning({ ...run });
    for (let at = 0; at < good.length; at += BATCH) {
      const part = good.slice(at, at + BATCH);
      const requests = part.map(({ values }, index) => request(values, index, domain));
      try {
        const { responses } = await graph.ask(Answers, {
          method: 'POST',
          path: '/v1.0/$batch',
          body: { requests },
        });
        for (const { id, status, body } of responses) {
          const record = part[Number(id)];
          const sent = requests[Number(id)]?.body;
          if (!record || !sent) continue;
          if (status < 300) {
            run.created += 1;
            run.passwords.push([sent.userPrincipalName, sent.passwordProfile.password]);
          } else {
            run.failed.push({
              line: record.line,
              name: sent.userPrincipalName,
              reason: body?.error?.message ?? String(status),
            });
          }
        }
      } catch (thrown) {
        const { message } = asProblem(thrown);
        for (const { line, values } of part) {
          run.failed.push({ line, name: values.userPrincipalName ?? '', reason: message });
        }
      }
      run.done += part.length;
      setRunning({ ...run });
    }
    setRunning({ ...run, isOver: true });
    tell(t('import.done', { count: run.created, number: formatNumber(run.created) }));
    void client.invalidateQueries();
  };

  if (running) {
    return (
      <SidePanel
        wide
        title={t('import.title')}
        onClose={onClose}
        foot={
          running.isOver && (
            <>
              <Button
                appearance="primary"
                disabled={!running.passwords.length}
                onClick={() =>
                  download(
                    'passwords.csv',
                    toCsv([['userPrincipalName', 'password'], ...running.passwords]),
                  )
                }
              >
                {t('import.passwords')}
              </Button>
              <Button onClick={onClose}>{t('ui.close')}</Button>
            </>
          )
        }
      >
        <p role="status">
          {running.isOver
            ? t('import.result', {
                count: running.created,
                number: formatNumber(running.created),
                failed: formatNumber(running.failed.length),
              })
            : t('import.running', {
                done: formatNumber(running.done),
                all: formatNumber(good.length),
              })}
        </p>
        <ProgressBar
          value={good.length ? running.done / good.length : 1}
          aria-label={t('import.title')}
        />
        {running.isOver && running.passwords.length > 0 && <p>{t('import.passwordsHint')}</p>}
        <Lines failed={running.failed} />
      </SidePanel>
    );
  }

  return (
    <SidePanel
      wide
      title={t('import.title')}
      onClose={onClose}
      foot={
        <>
          <Button
            appearance="primary"
            disabled={!good.length || known.isFetching}
            onClick={() => void start()}
          >
            {good.length
              ? t('import.do', { count: good.length, number: formatNumber(good.length) })
              : t('import.title')}
          </Button>
          <Button onClick={onClose}>{t('ui.cancel')}</Button>
        </>
      }
    >
      <section
        aria-label={t('import.file')}
        className={mergeClasses(styles.drop, isOver && styles.over)}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void take(event.dataTransfer.files[0]);
        }}
      >
        <p className={styles.text}>{t('import.drop')}</p>
        <input
          ref={picker}
          type="file"
          accept=".csv,.ldif,.ldf,text/csv"
          hidden
          onChange={(event) => void take(event.target.files?.[0])}
        />
        <Button onClick={() => picker.current?.click()}>{t('import.choose')}</Button>
        {wrong && <span role="alert">{wrong}</span>}
        {!rows.length && <p className={styles.example}>{t('import.example')}</p>}
      </section>
      {rows.length > 0 && (
        <>
          <div className={styles.mapping}>
            {heads.map((head, at) => (
              <Field
                key={at}
                label={head || `${at + 1}`}
                hint={rows[0]?.cells[at] ?? ''}
                orientation="horizontal"
              >
                <Dropdown
                  clearButton={null}
                  value={mapping[at] ? t(`attribute.${mapping[at]}`) : t('import.leaveOut')}
                  selectedOptions={[mapping[at] ?? '']}
                  onOptionSelect={(_, { optionValue }) =>
                    setMapping(
                      mapping.map((each, index) =>
                        index === at
                          ? (optionValue as Target | '')
                          : each === optionValue
                            ? ''
                            : each,
                      ),
                    )
                  }
                >
                  <Option value="">{t('import.leaveOut')}</Option>
                  {TARGETS.map((target) => (
                    <Option key={target} value={target}>
                      {t(`attribute.${target}`)}
                    </Option>
                  ))}
                </Dropdown>
              </Field>
            ))}
          </div>
          <p role="status">
            {t('import.preview', {
              count: good.length,
              number: formatNumber(good.length),
              bad: formatNumber(bad.length),
            })}
          </p>
          <Lines
            failed={bad.map(({ line, values, problem }) => ({
              line,
              name: values.userPrincipalName ?? values.displayName ?? '',
              reason: problem ? t(`import.${problem}`) : '',
            }))}
          />
        </>
      )}
    </SidePanel>
  );
}

function Lines({ failed }: { failed: Failed[] }) {
  const { t } = useTranslation();
  const styles = useStyles();
  if (!failed.length) return null;
  return (
    <ul className={styles.lines}>
      {failed.slice(0, SHOWN_MAX).map(({ line, name, reason }) => (
        <li key={line} className={styles.line}>
          <Mark tone="bad" className={styles.mark} />
          <span>
            <span className={styles.number}>{t('import.line', { line: formatNumber(line) })}</span>{' '}
            <bdi>{name}</bdi>: <Said text={reason} />
          </span>
        </li>
      ))}
      {failed.length > SHOWN_MAX && <li>{t('ui.more', { count: failed.length - SHOWN_MAX })}</li>}
    </ul>
  );
}

/** A part of a batch that makes one person. */
function request(values: Record_['values'], id: number, domain: string) {
  const { userPrincipalName: given = '', ...rest } = values;
  const userPrincipalName = given.includes('@') ? given : `${given}@${domain}`;
  return {
    id: String(id),
    method: 'POST',
    url: '/users',
    headers: { 'Content-Type': 'application/json' },
    body: {
      ...rest,
      userPrincipalName,
      mailNickname: userPrincipalName.split('@')[0],
      accountEnabled: true,
      passwordProfile: { password: newPassword(), forceChangePasswordNextSignIn: true },
    },
  };
}
