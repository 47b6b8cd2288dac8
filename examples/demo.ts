// npm run demo: a whole Solo in a temporary directory, shown at work. The story is in src/cli/demo/story.ts.
import "../src/cli/demo/main.ts";
