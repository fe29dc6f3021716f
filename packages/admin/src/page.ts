/** The status page that `GET /` answers with: one HTML document, which asks for nothing but its own figures. */
export const statusPage =
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>ReverseIt</title><p>See <a href="/stats">the figures</a>.</html>\n';
