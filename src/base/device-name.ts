/** Whether a text is the full name of a declared device, `vendor.com/class=name` (Container Device Interface, SPEC.md), and no path. */
export function isDeviceName(text: string): boolean {
  return /^[A-Za-z][\w.-]*\/[A-Za-z][\w-]*=[\w.:-]+$/.test(text)
}
