import type { Json } from "./types";

/** Where a picture is, be it named by address or by file. */
export function source(image: Json): string {
  if (image.image_url) return image.image_url;
  return image.slack_file.url ?? `/sandbox/file/${image.slack_file.id}`;
}
