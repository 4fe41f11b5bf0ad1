/*
 * ARP and NDP load: `arp-load IFACE TARGET RATE SECONDS [SOURCE6]`. Sends requests at RATE a second (0: one at a
 * time, as fast as replies come) and prints sent, replies and the latency in microseconds as JSON.
 * ARP: the third octet pair of the sender's address numbers the request, so each reply finds its question.
 * NDP: an advertisement goes to an address that has to be a real one, so solicited replies are taken in their
 * order: one that nobody waits for (an address that moves is told to who asked) is none, and who waited for a
 * second has lost.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 65536, MOST = 4000000 };
static double asked[SLOTS];
static float *took;
static long sent, replies, answered;
static int v6;
static struct in6_addr target6, source6;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}

static void take(int fd) {
  uint8_t b[256];
  for (;;) {
    ssize_t n = recv(fd, b, sizeof b, MSG_DONTWAIT);
    if (n < 42) return;
    double at = now();
    unsigned slot;
    if (v6) {
      if (n < 78 || b[12] != 0x86 || b[13] != 0xdd || b[20] != 58 || b[54] != 136) continue;
      if (memcmp(b + 62, &target6, 16) != 0 || memcmp(b + 38, &source6, 16) != 0) continue;
      if ((b[58] & 0x40) == 0) continue;
      while (answered < sent && asked[answered % SLOTS] < at - 1e6) answered++;
      if (answered == sent) continue;
      slot = (unsigned)(answered++ % SLOTS);
    } else {
      if (b[12] != 8 || b[13] != 6 || b[21] != 2 || b[38] != 10) continue;
      slot = (unsigned)b[40] << 8 | b[41];
    }
    if (asked[slot] == 0) continue;
    if (replies < MOST) took[replies++] = (float)(at - asked[slot]);
    asked[slot] = 0;
  }
}

static void sum(uint8_t *frame) {
  uint32_t total = 58 + 32;
  for (int i = 22; i < 86; i += 2) total += (uint32_t)frame[i] << 8 | frame[i + 1];
  while (total >> 16) total = (total & 0xffff) + (total >> 16);
  frame[56] = (uint8_t)(~total >> 8);
  frame[57] = (uint8_t)~total;
}

/* A Neighbor Solicitation to the target's solicited-node group, with our link-layer address (RFC 4861, 4.3). */
static void solicit(uint8_t *frame, const uint8_t *mac) {
  const uint8_t *t = target6.s6_addr;
  uint8_t group[16] = {0xff, 2, [11] = 1, [12] = 0xff, t[13], t[14], t[15]};
  memcpy(frame, (uint8_t[]){0x33, 0x33, 0xff, t[13], t[14], t[15]}, 6);
  memcpy(frame + 6, mac, 6);
  memcpy(frame + 12, "\x86\xdd\x60\0\0\0\0\x20\x3a\xff", 10);
  memcpy(frame + 22, &source6, 16);
  memcpy(frame + 38, group, 16);
  frame[54] = 135;
  memcpy(frame + 62, t, 16);
  memcpy(frame + 78, "\1\1", 2);
  memcpy(frame + 80, mac, 6);
  sum(frame);
}

int main(int argc, char **argv) {
  if (argc != 5 && argc != 6) return 2;
  v6 = argc == 6;
  double rate = atof(argv[3]), seconds = atof(argv[4]);
  struct in_addr target;
  struct ifreq request = {0};
  took = malloc(MOST * sizeof *took);
  int fd = socket(AF_PACKET, SOCK_RAW, htons(v6 ? ETH_P_IPV6 : ETH_P_ARP)), room = 1 << 23;
  if (fd < 0 || took == NULL ||
      (v6 ? inet_pton(AF_INET6, argv[2], &target6) != 1 || inet_pton(AF_INET6, argv[5], &source6) != 1
          : inet_pton(AF_INET, argv[2], &target) != 1))
    return perror("arp-load"), 1;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  struct sockaddr_ll at = {.sll_family = AF_PACKET,
                           .sll_protocol = htons(v6 ? ETH_P_IPV6 : ETH_P_ARP),
                           .sll_ifindex = (int)if_nametoindex(argv[1])};
  strncpy(request.ifr_name, argv[1], IFNAMSIZ - 1);
  if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0)
    return perror("arp-load"), 1;
  uint8_t frame[86] = {0};
  size_t length = v6 ? 86 : 60;
  memset(frame, 0xff, 6);
  memcpy(frame + 6, request.ifr_hwaddr.sa_data, 6);
  memcpy(frame + 12, "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01", 10);
  memcpy(frame + 22, request.ifr_hwaddr.sa_data, 6);
  frame[28] = 10;
  memcpy(frame + 38, &target, 4);
  if (v6) solicit(frame, (const uint8_t *)request.ifr_hwaddr.sa_data);
  double start = now(), end = start + seconds * 1e6;
  while (now() < end) {
    long due = rate > 0 ? (long)((now() - start) * rate / 1e6) : sent + 1;
    for (; sent < due; sent++) {
      unsigned slot = (unsigned)sent % SLOTS;
      if (!v6) {
        frame[30] = (uint8_t)(slot >> 8);
        frame[31] = (uint8_t)slot;
      }
      asked[slot] = now();
      if (send(fd, frame, length, 0) < 0) return perror("arp-load"), 1;
    }
    struct pollfd p = {fd, POLLIN, 0};
    if (rate > 0) {
      struct timespec little = {0, 50000};
      ppoll(&p, 1, &little, NULL);
      take(fd);
    } else {
      long before = replies;
      double until = now() + 100000;
      while (replies == before && now() < until)
        if (poll(&p, 1, 100) > 0) take(fd);
      usleep(200);
    }
  }
  double last = now() + 500000;
  while (now() < last) {
    struct pollfd p = {fd, POLLIN, 0};
    if (poll(&p, 1, 10) > 0) take(fd);
  }
  qsort(took, (size_t)replies, sizeof *took, by_size);
  float none = 0, *p50 = replies > 0 ? &took[replies / 2] : &none,
        *p99 = replies > 0 ? &took[replies * 99 / 100] : &none,
        *max = replies > 0 ? &took[replies - 1] : &none;
  printf("{\"sent\":%ld,\"replies\":%ld,\"p50Us\":%.0f,\"p99Us\":%.0f,\"maxUs\":%.0f}\n", sent, replies,
         *p50, *p99, *max);
  return 0;
}
