/** The token of the admin listener: kept for this tab alone, and gone with it. */

const name = 'reverseit-admin-token';

export const storedToken = (): string | null => sessionStorage.getItem(name);
export const storeToken = (token: string): void => sessionStorage.setItem(name, token);
export const forgetToken = (): void => sessionStorage.removeItem(name);

/** What goes with every request. */
export const authorization = (): Readonly<Record<string, string>> => {
  const token = storedToken();
  return token === null ? {} : { authorization: `Bearer ${token}` };
};
