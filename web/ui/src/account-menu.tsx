/** The menu of the account: theme, language, shortcuts, another account, sign out. */
import {
  Menu,
  MenuDivider,
  MenuGroup,
  MenuGroupHeader,
  MenuItem,
  MenuItemLink,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
} from '@fluentui/react-components';
import {
  KeyboardRegular,
  LocalLanguageRegular,
  PersonRegular,
  PersonSwapRegular,
  SignOutRegular,
  WeatherMoonRegular,
} from '@fluentui/react-icons';
import { changeLanguage, type Identity, LANGUAGES, type Language } from '@isopolity/core';
import { useState } from 'react';
import { chooseTheme, type ThemeChoice, themeChoice } from './theme';
import { useTranslation } from './translation';

export interface AccountMenuProps {
  identity: Identity;
  tenantName: string;
  language: Language;
  onShortcuts: () => void;
  onSignOut: () => void;
  onSwitch: () => void;
  /** What it opens at. */
  target: HTMLElement;
  onClose: () => void;
}

export default function AccountMenu(props: AccountMenuProps) {
  const { t } = useTranslation();
  const [theme, setTheme] = useState<ThemeChoice>(themeChoice);
  return (
    <Menu
      open
      onOpenChange={(_, { open }) => !open && props.onClose()}
      positioning={{ target: props.target, position: 'below', align: 'end' }}
      checkedValues={{ theme: [theme], language: [props.language] }}
      onCheckedValueChange={(_, { name, checkedItems }) => {
        const [chosen = ''] = checkedItems;
        if (name === 'theme') {
          setTheme(chosen as ThemeChoice);
          chooseTheme(chosen as ThemeChoice);
        } else void changeLanguage(chosen as Language);
      }}
    >
      <MenuPopover>
        <MenuList>
          <MenuGroup>
            <MenuGroupHeader>
              {[props.identity.name, props.identity.userName, props.tenantName]
                .filter((text, at, all) => text && all.indexOf(text) === at)
                .join(' · ')}
            </MenuGroupHeader>
          </MenuGroup>
          <MenuDivider />
          <Menu>
            <MenuTrigger disableButtonEnhancement>
              <MenuItem icon={<WeatherMoonRegular />}>{t('ui.theme')}</MenuItem>
            </MenuTrigger>
            <MenuPopover>
              <MenuList>
                {(['system', 'light', 'dark', 'contrast'] as const).map((choice) => (
                  <MenuItemRadio key={choice} name="theme" value={choice}>
                    {t(`theme.${choice}`)}
                  </MenuItemRadio>
                ))}
              </MenuList>
            </MenuPopover>
          </Menu>
          <Menu>
            <MenuTrigger disableButtonEnhancement>
              <MenuItem icon={<LocalLanguageRegular />}>{t('ui.language')}</MenuItem>
            </MenuTrigger>
            <MenuPopover>
              <MenuList>
                {Object.entries(LANGUAGES).map(([language, name]) => (
                  <MenuItemRadio key={language} name="language" value={language} lang={language}>
                    {name}
                  </MenuItemRadio>
                ))}
              </MenuList>
            </MenuPopover>
          </Menu>
          <MenuItem icon={<KeyboardRegular />} onClick={props.onShortcuts}>
            {t('ui.shortcuts')}
          </MenuItem>
          <MenuDivider />
          <MenuItemLink icon={<PersonRegular />} href={`/${props.identity.tenantId}/account`}>
            {t('ui.myAccount')}
          </MenuItemLink>
          <MenuItem icon={<PersonSwapRegular />} onClick={props.onSwitch}>
            {t('ui.switchAccount')}
          </MenuItem>
          <MenuItem icon={<SignOutRegular />} onClick={props.onSignOut}>
            {t('ui.signOut')}
          </MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
