/** A CSV of people: which column is what, and what is wrong in which line. No drawing here. */
import { type CsvRow, folded } from '@isopolity/core';

/** What an administrator enters of a person. */
export const FIELDS = [
  'displayName',
  'givenName',
  'surname',
  'mail',
  'jobTitle',
  'department',
  'companyName',
  'officeLocation',
  'city',
  'country',
  'mobilePhone',
  'employeeId',
] as const;
export const TARGETS = ['userPrincipalName', ...FIELDS] as const;
export type Target = (typeof TARGETS)[number];
export type Mapping = (Target | '')[];

/** Names that columns have elsewhere. */
const ALIASES: Record<string, Target> = {
  upn: 'userPrincipalName',
  uid: 'userPrincipalName',
  samaccountname: 'userPrincipalName',
  username: 'userPrincipalName',
  login: 'userPrincipalName',
  name: 'displayName',
  cn: 'displayName',
  fullname: 'displayName',
  firstname: 'givenName',
  lastname: 'surname',
  gn: 'givenName',
  sn: 'surname',
  rfcmailbox: 'mail',
  departmentnumber: 'department',
  localityname: 'city',
  friendlycountryname: 'country',
  roomnumber: 'officeLocation',
  mobiletelephonenumber: 'mobilePhone',
  email: 'mail',
  emailaddress: 'mail',
  title: 'jobTitle',
  company: 'companyName',
  o: 'companyName',
  ou: 'department',
  office: 'officeLocation',
  physicaldeliveryofficename: 'officeLocation',
  l: 'city',
  co: 'country',
  town: 'city',
  mobile: 'mobilePhone',
  employeenumber: 'employeeId',
};

/** Which column is what, as far as its head tells. */
export function guess(heads: string[]): Mapping {
  const keys = heads.map((head) => folded(head).replaceAll(/[^a-z]/g, ''));
  // What goes by its own name comes before what is called so elsewhere.
  const named = keys.map((key) => TARGETS.find((target) => target.toLowerCase() === key));
  const taken = new Set<Target>();
  return keys.map((key, at) => {
    const alias = ALIASES[key];
    const found = named[at] ?? (alias && named.includes(alias) ? undefined : alias);
    if (!found || taken.has(found)) return '';
    taken.add(found);
    return found;
  });
}

export interface Record_ {
  line: number;
  values: Partial<Record<Target, string>>;
  /** What can't be imported, by the reason. */
  problem?: 'noUserName' | 'noName' | 'otherDomain' | 'twice' | 'exists';
}

/** The rows as people, each with what is wrong before anything is sent. */
export function recordsOf(
  rows: CsvRow[],
  mapping: Mapping,
  domains: string[],
  /** Who is here already, by user name in small letters. */
  here: ReadonlySet<string>,
): Record_[] {
  const domain = domains[0] ?? '';
  const seen = new Set<string>();
  return rows.map(({ line, cells }) => {
    const values: Partial<Record<Target, string>> = {};
    mapping.forEach((target, at) => {
      const value = cells[at]?.trim();
      if (target && value) values[target] = value;
    });
    const name = values.userPrincipalName?.toLowerCase();
    const problem = !name
      ? 'noUserName'
      : !values.displayName
        ? 'noName'
        : name.includes('@') && !domains.includes(name.split('@')[1] ?? '')
          ? 'otherDomain'
          : seen.has(name)
            ? 'twice'
            : here.has(name.includes('@') ? name : `${name}@${domain}`)
              ? 'exists'
              : undefined;
    if (name) seen.add(name);
    return problem ? { line, values, problem } : { line, values };
  });
}
