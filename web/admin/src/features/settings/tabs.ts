/** The parts of the settings, as addresses name them. */
export const TABS = ['signIn', 'page', 'rights', 'domains', 'tenant', 'keys'] as const;
