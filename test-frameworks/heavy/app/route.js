// The application of the recipe for Next.js.
export function GET() {
  return new Response('The application itself.\n');
}
