/** The address of a logo as it will be: the chosen file's, or the one in force. */
import { useEffect, useState } from 'react';
import type { Wish } from './branding-model';

export function useLogo(place: string | null | undefined, wish: Wish): string | undefined {
  const [chosen, setChosen] = useState<string>();
  useEffect(() => {
    if (!(wish instanceof File)) return setChosen(undefined);
    const address = URL.createObjectURL(wish);
    setChosen(address);
    return () => URL.revokeObjectURL(address);
  }, [wish]);
  if (wish instanceof File) return chosen;
  return wish === 'none' || !place ? undefined : `/${place}`;
}
