/*
 * Memory that only a start or a burst needed goes back to the kernel: plain Node-API, C11, Linux.
 *
 *   collect()    V8 collects garbage step by step and compacts, as when a browser's memory gets scarce
 *   giveBack()   malloc's free pages, and pages of program files that nobody may need again
 *
 * Pages of files are mapped again, from the page cache, when they are needed after all: no content is lost, since only
 * mappings are let go that cannot be written and of which no page was ever changed.
 */
#define _GNU_SOURCE
#include <node_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/*
 * v8::Isolate::GetCurrent() and MemoryPressureNotification(kModerate), which Node-API does not pass on. Weak: a Node
 * without them collects when it sees fit.
 */
extern void *_ZN2v87Isolate10GetCurrentEv(void) __attribute__((weak));
extern void _ZN2v87Isolate26MemoryPressureNotificationENS_19MemoryPressureLevelE(void *isolate,
                                                                                int level)
    __attribute__((weak));
enum { MODERATE = 1 };

napi_value js_collect(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  if (_ZN2v87Isolate10GetCurrentEv != NULL &&
      _ZN2v87Isolate26MemoryPressureNotificationENS_19MemoryPressureLevelE != NULL)
    _ZN2v87Isolate26MemoryPressureNotificationENS_19MemoryPressureLevelE(
        _ZN2v87Isolate10GetCurrentEv(), MODERATE);
  return NULL;
}

/* A mapping as /proc/self/smaps begins it: `from-to perms offset dev inode path`. */
typedef struct {
  unsigned long from, to, inode;
  char perms[5];
} mapping;

static int parse(const char *line, mapping *m) {
  return sscanf(line, "%lx-%lx %4s %*x %*x:%*x %lu", &m->from, &m->to, m->perms, &m->inode) == 4;
}

static int is_program(const mapping *m) {
  return m->inode != 0 && (strcmp(m->perms, "r-xp") == 0 || strcmp(m->perms, "r--p") == 0);
}

napi_value js_give_back(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  FILE *file = fopen("/proc/self/smaps", "re");
  if (file == NULL) return NULL;
  char *line = NULL;
  size_t size = 0;
  mapping now = {0}, next;
  while (getline(&line, &size, file) > 0) {
    unsigned long changed;
    if (parse(line, &next))
      now = next;
    else if (is_program(&now) && sscanf(line, "Anonymous: %lu kB", &changed) == 1 && changed == 0)
      madvise((void *)now.from, now.to - now.from, MADV_DONTNEED);
  }
  free(line);
  fclose(file);
  return NULL;
}
