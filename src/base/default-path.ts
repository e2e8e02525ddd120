/** Where programs are looked for when nobody says where: Docker's default for containers, and Debian's for root. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
