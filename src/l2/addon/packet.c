/*
 * Packet sockets for ARP and NDP, and rtnetlink for the interfaces: plain Node-API, C11, Linux.
 *
 *   open(ifindex, protocol, filter, frames, slots, meta, onBatch) -> socket
 *   setFilter(socket, filter)            replaces the classic BPF program in one step
 *   send(socket, frames, lengths, count) -> number sent; throws when none was
 *   membership(socket, mac, join)        link-layer multicast (PACKET_MR_MULTICAST)
 *   statistics(socket) -> [seen, lost]   since the last call (PACKET_STATISTICS)
 *   interfaces() -> [{index, name, flags, type, mac, master, kind, addresses}]
 *   neighbours() -> [{index, octets, mac}]   resolved entries of the kernel's tables, both families
 *   watch(onChange) -> socket            rtnetlink: links and addresses
 *   close(socket)                        idempotent
 *   collect(), giveBack()                in memory.c
 *
 * Frames are received through a TPACKET_V2 ring (packet_mmap), so that a pause of the event loop costs
 * latency and not frames; each call of onBatch finds up to BATCH frames in `slots`, one per SLOT octets,
 * and [captured, on the wire, packet type, VLAN tag or -1] of each in `meta`. The ring has room for what is
 * usual; a longer frame comes through the socket's own buffer besides (PACKET_COPY_THRESH).
 *
 * Errors carry the errno name in `code`. Everything runs on the thread of the event loop.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * The few functions of libuv that are needed, declared here: the header does not come with Node-API, and
 * libuv keeps these (and the two numbers) unchanged through its major version 1, which every Node has.
 */
typedef struct uv_loop_s uv_loop_t;
typedef struct uv_handle_s uv_handle_t;
typedef void (*uv_poll_cb)(uv_handle_t *handle, int status, int events);
extern size_t uv_handle_size(int type);
extern int uv_poll_init(uv_loop_t *loop, uv_handle_t *handle, int fd);
extern int uv_poll_start(uv_handle_t *handle, int events, uv_poll_cb cb);
extern void uv_close(uv_handle_t *handle, void (*cb)(uv_handle_t *));
extern void uv_handle_set_data(uv_handle_t *handle, void *data);
extern void *uv_handle_get_data(const uv_handle_t *handle);
enum { POLL_HANDLE = 8, READABLE = 1 };

enum { FRAME = 256, SLOT = 2048, BATCH = 64, META = 4, BLOCK = 1 << 16, ROUNDS = 8, SEND_MAX = 256 };

typedef struct {
  napi_env env;
  napi_ref callback, slots_ref, meta_ref;
  napi_async_context context;
  uv_handle_t *poll;
  int fd;
  uint8_t *ring;
  size_t ring_size;
  unsigned frames, head;
  uint8_t *slots;
  int32_t *meta;
  bool closed, released, forgotten;
} sock;

/* The names that callers look at; strerrorname_np() is glibc's alone. */
static const char *errno_name(int e) {
  switch (e) {
    case EPERM: return "EPERM";
    case EACCES: return "EACCES";
    case ENETDOWN: return "ENETDOWN";
    case ENODEV: return "ENODEV";
    case ENXIO: return "ENXIO";
    case ENOMEM: return "ENOMEM";
    case ENOBUFS: return "ENOBUFS";
    case EAGAIN: return "EAGAIN";
    case EMFILE: return "EMFILE";
    case EINVAL: return "EINVAL";
    case EBADF: return "EBADF";
    case EMSGSIZE: return "EMSGSIZE";
    default: return "EUNKNOWN";
  }
}

static napi_value fail(napi_env env, int e, const char *doing) {
  char text[160];
  snprintf(text, sizeof text, "%s: %s", doing, strerror(e));
  napi_throw_error(env, errno_name(e), text);
  return NULL;
}

static void maybe_free(sock *s) {
  if (s->released && s->forgotten) free(s);
}

static void on_released(uv_handle_t *handle) {
  sock *s = uv_handle_get_data(handle);
  free(handle);
  s->released = true;
  maybe_free(s);
}

/* Gives everything back at once; the memory of `s` stays until libuv and JavaScript have both let go. */
static void shut(sock *s) {
  if (s->closed) return;
  s->closed = true;
  if (s->poll != NULL)
    uv_close(s->poll, on_released); /* stops polling before the descriptor goes */
  else
    s->released = true;
  if (s->ring != NULL) munmap(s->ring, s->ring_size);
  if (s->fd >= 0) close(s->fd);
  s->ring = NULL;
  s->fd = -1;
  if (s->callback != NULL) napi_delete_reference(s->env, s->callback);
  if (s->slots_ref != NULL) napi_delete_reference(s->env, s->slots_ref);
  if (s->meta_ref != NULL) napi_delete_reference(s->env, s->meta_ref);
  if (s->context != NULL) napi_async_destroy(s->env, s->context);
  s->callback = s->slots_ref = s->meta_ref = NULL;
  s->context = NULL;
}

static void on_forgotten(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  sock *s = data;
  shut(s);
  s->forgotten = true;
  maybe_free(s);
}

/* Calls back with two numbers. An exception there is uncaught, like one from any event. */
static void call(sock *s, int32_t first, int32_t second) {
  napi_handle_scope scope;
  napi_value callback, receiver, args[2], result;
  if (napi_open_handle_scope(s->env, &scope) != napi_ok) return;
  if (napi_get_reference_value(s->env, s->callback, &callback) == napi_ok &&
      napi_get_global(s->env, &receiver) == napi_ok &&
      napi_create_int32(s->env, first, &args[0]) == napi_ok &&
      napi_create_int32(s->env, second, &args[1]) == napi_ok &&
      napi_make_callback(s->env, s->context, receiver, callback, 2, args, &result) ==
          napi_pending_exception) {
    napi_value error;
    napi_get_and_clear_last_exception(s->env, &error);
    napi_fatal_exception(s->env, error);
  }
  napi_close_handle_scope(s->env, scope);
}

static int take_error(int fd) {
  int e = 0;
  socklen_t length = sizeof e;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &length) == 0 ? e : errno;
}

static unsigned take_batch(sock *s) {
  unsigned n = 0;
  while (n < BATCH) {
    struct tpacket2_hdr *h = (void *)(s->ring + (size_t)s->head * FRAME);
    uint32_t status = __atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE);
    if ((status & TP_STATUS_USER) == 0) break;
    const struct sockaddr_ll *from = (void *)((uint8_t *)h + TPACKET_ALIGN(sizeof *h));
    uint8_t *slot = s->slots + (size_t)n * SLOT;
    uint32_t captured = h->tp_snaplen, room = (uint32_t)FRAME - h->tp_mac;
    if (captured > room) captured = room;
    memcpy(slot, (uint8_t *)h + h->tp_mac, captured);
    if ((status & TP_STATUS_COPY) != 0) {
      ssize_t whole = recv(s->fd, slot, SLOT, MSG_DONTWAIT);
      if (whole > 0) captured = (uint32_t)whole;
    }
    int32_t *meta = s->meta + n * META;
    meta[0] = (int32_t)captured;
    meta[1] = (int32_t)h->tp_len;
    meta[2] = from->sll_pkttype;
    meta[3] = (status & TP_STATUS_VLAN_VALID) != 0 ? h->tp_vlan_tci : -1;
    __atomic_store_n(&h->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    s->head = (s->head + 1) % s->frames;
    n++;
  }
  return n;
}

static void on_packets(uv_handle_t *handle, int status, int events);
static void on_netlink(uv_handle_t *handle, int status, int events);

/* libuv stops polling on an error of the descriptor; an interface that goes down is one (ENETDOWN). */
static void report_error(sock *s, uv_poll_cb again) {
  int e = take_error(s->fd);
  uv_poll_start(s->poll, READABLE, again);
  if (e != 0) call(s, 0, e);
}

static void on_packets(uv_handle_t *handle, int status, int events) {
  (void)events;
  sock *s = uv_handle_get_data(handle);
  if (s->closed) return;
  if (status < 0) {
    report_error(s, on_packets);
    return;
  }
  /* Bounded, so that a flood leaves the event loop to others in between. */
  for (int round = 0; round < ROUNDS && !s->closed; round++) {
    unsigned n = take_batch(s);
    if (n == 0) return;
    call(s, (int32_t)n, 0);
    if (n < BATCH) return;
  }
}

static void on_netlink(uv_handle_t *handle, int status, int events) {
  (void)events;
  sock *s = uv_handle_get_data(handle);
  if (s->closed) return;
  if (status < 0) {
    report_error(s, on_netlink);
    return;
  }
  /* What the messages say does not matter: the reader looks at everything. ENOBUFS says the same. */
  char buffer[8192];
  bool any = false;
  for (int i = 0; i < 64; i++) {
    if (recv(s->fd, buffer, sizeof buffer, MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
      any = true;
    else if (errno != EINTR)
      break;
  }
  if (any) call(s, 1, 0);
}

static bool arguments(napi_env env, napi_callback_info info, size_t wanted, napi_value *argv) {
  size_t argc = wanted;
  napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
  if (argc >= wanted) return true;
  napi_throw_type_error(env, NULL, "too few arguments");
  return false;
}

static bool octets(napi_env env, napi_value value, void **data, size_t *length) {
  napi_typedarray_type type;
  bool is = false;
  if (napi_is_typedarray(env, value, &is) == napi_ok && is &&
      napi_get_typedarray_info(env, value, &type, length, data, NULL, NULL) == napi_ok) {
    if (type == napi_uint8_array) return true;
    if (type == napi_int32_array) {
      *length *= sizeof(int32_t);
      return true;
    }
  }
  napi_throw_type_error(env, NULL, "a typed array of octets or 32-bit numbers is needed");
  return false;
}

static sock *open_sock(napi_env env, napi_value value) {
  void *data = NULL;
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_external ||
      napi_get_value_external(env, value, &data) != napi_ok) {
    napi_throw_type_error(env, NULL, "a socket of this addon is needed");
    return NULL;
  }
  return data;
}

static sock *usable(napi_env env, napi_value value) {
  sock *s = open_sock(env, value);
  if (s == NULL || !s->closed) return s;
  fail(env, EBADF, "the socket is closed");
  return NULL;
}

static int attach(int fd, const void *program, size_t length) {
  struct sock_fprog filter = {.len = (unsigned short)(length / sizeof(struct sock_filter)),
                              .filter = (struct sock_filter *)program};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

/* Starts polling and hands the socket to JavaScript; on failure everything is given back. */
static napi_value hand_over(napi_env env, sock *s, napi_value callback, uv_poll_cb on_ready) {
  uv_loop_t *loop = NULL;
  napi_value name, handle;
  napi_create_string_utf8(env, "ferrolb:packet", NAPI_AUTO_LENGTH, &name);
  if (napi_create_reference(env, callback, 1, &s->callback) != napi_ok ||
      napi_async_init(env, NULL, name, &s->context) != napi_ok ||
      napi_get_uv_event_loop(env, (struct uv_loop_s **)&loop) != napi_ok)
    return fail(env, EINVAL, "preparing the callback");
  s->poll = calloc(1, uv_handle_size(POLL_HANDLE));
  if (s->poll == NULL) return fail(env, ENOMEM, "polling");
  int e = uv_poll_init(loop, s->poll, s->fd);
  if (e < 0) {
    free(s->poll);
    s->poll = NULL;
    return fail(env, -e, "polling");
  }
  uv_handle_set_data(s->poll, s);
  uv_poll_start(s->poll, READABLE, on_ready);
  if (napi_create_external(env, s, on_forgotten, NULL, &handle) != napi_ok)
    return fail(env, ENOMEM, "handing over the socket");
  return handle;
}

static napi_value or_drop(sock *s, napi_value handle) {
  if (handle != NULL) return handle;
  shut(s);
  s->forgotten = true;
  maybe_free(s);
  return NULL;
}

static int open_ring(sock *s, uint32_t frames) {
  int version = TPACKET_V2, copy_longer = 1;
  if (setsockopt(s->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) < 0 ||
      setsockopt(s->fd, SOL_PACKET, PACKET_COPY_THRESH, &copy_longer, sizeof copy_longer) < 0)
    return -1;
  struct tpacket_req req = {.tp_block_size = BLOCK,
                            .tp_block_nr = (frames * FRAME + BLOCK - 1) / BLOCK,
                            .tp_frame_size = FRAME};
  req.tp_frame_nr = req.tp_block_nr * (BLOCK / FRAME);
  if (setsockopt(s->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof req) < 0) return -1;
  s->ring_size = (size_t)req.tp_block_nr * BLOCK;
  s->frames = req.tp_frame_nr;
  void *at = mmap(NULL, s->ring_size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
  if (at == MAP_FAILED) return -1;
  s->ring = at;
  return 0;
}

static napi_value js_open(napi_env env, napi_callback_info info) {
  napi_value argv[7];
  int32_t ifindex;
  uint32_t protocol, frames;
  void *filter, *slots, *meta;
  size_t filter_length, slots_length, meta_length;
  if (!arguments(env, info, 7, argv)) return NULL;
  if (napi_get_value_int32(env, argv[0], &ifindex) != napi_ok ||
      napi_get_value_uint32(env, argv[1], &protocol) != napi_ok ||
      napi_get_value_uint32(env, argv[3], &frames) != napi_ok || frames == 0 || frames > 1 << 16) {
    napi_throw_type_error(env, NULL, "ifindex, protocol or frames is wrong");
    return NULL;
  }
  if (!octets(env, argv[2], &filter, &filter_length) || !octets(env, argv[4], &slots, &slots_length) ||
      !octets(env, argv[5], &meta, &meta_length))
    return NULL;
  if (slots_length < BATCH * SLOT || meta_length < BATCH * META * sizeof(int32_t)) {
    napi_throw_type_error(env, NULL, "slots or meta is too small for a batch");
    return NULL;
  }
  sock *s = calloc(1, sizeof *s);
  if (s == NULL) return fail(env, ENOMEM, "opening a packet socket");
  s->env = env;
  s->slots = slots;
  s->meta = meta;
  /* Protocol 0 receives nothing: filter and ring are in place before the first frame. */
  s->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_ll at = {.sll_family = AF_PACKET,
                           .sll_protocol = htons((uint16_t)protocol),
                           .sll_ifindex = ifindex};
  if (s->fd < 0 || attach(s->fd, filter, filter_length) < 0 || open_ring(s, frames) < 0 ||
      bind(s->fd, (struct sockaddr *)&at, sizeof at) < 0) {
    int e = errno;
    or_drop(s, NULL);
    return fail(env, e, "opening a packet socket");
  }
  if (napi_create_reference(env, argv[4], 1, &s->slots_ref) != napi_ok ||
      napi_create_reference(env, argv[5], 1, &s->meta_ref) != napi_ok) {
    or_drop(s, NULL);
    return fail(env, ENOMEM, "opening a packet socket");
  }
  return or_drop(s, hand_over(env, s, argv[6], on_packets));
}

static napi_value js_set_filter(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  void *filter;
  size_t length;
  sock *s;
  if (!arguments(env, info, 2, argv) || (s = usable(env, argv[0])) == NULL ||
      !octets(env, argv[1], &filter, &length))
    return NULL;
  return attach(s->fd, filter, length) < 0 ? fail(env, errno, "setting the filter") : NULL;
}

static napi_value js_send(napi_env env, napi_callback_info info) {
  napi_value argv[4], result;
  void *frames, *lengths_data;
  size_t frames_length, lengths_length;
  uint32_t count;
  sock *s;
  if (!arguments(env, info, 4, argv) || (s = usable(env, argv[0])) == NULL ||
      !octets(env, argv[1], &frames, &frames_length) ||
      !octets(env, argv[2], &lengths_data, &lengths_length))
    return NULL;
  const int32_t *lengths = lengths_data;
  if (napi_get_value_uint32(env, argv[3], &count) != napi_ok || count > SEND_MAX ||
      count * sizeof(int32_t) > lengths_length) {
    napi_throw_type_error(env, NULL, "count is no number of frames");
    return NULL;
  }
  struct iovec parts[SEND_MAX];
  struct mmsghdr messages[SEND_MAX];
  size_t at = 0;
  memset(messages, 0, count * sizeof *messages);
  for (uint32_t i = 0; i < count; i++) {
    if (lengths[i] < 0 || at + (size_t)lengths[i] > frames_length) {
      napi_throw_type_error(env, NULL, "lengths go past the frames");
      return NULL;
    }
    parts[i] = (struct iovec){(uint8_t *)frames + at, (size_t)lengths[i]};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    at += (size_t)lengths[i];
  }
  uint32_t sent = 0;
  while (sent < count) {
    int n = sendmmsg(s->fd, messages + sent, count - sent, MSG_DONTWAIT);
    if (n > 0)
      sent += (uint32_t)n;
    else if (n < 0 && errno != EINTR)
      break;
  }
  if (sent == 0 && count > 0) return fail(env, errno, "sending a frame");
  napi_create_uint32(env, sent, &result);
  return result;
}

static napi_value js_membership(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  void *mac;
  size_t length;
  bool join;
  sock *s;
  if (!arguments(env, info, 3, argv) || (s = usable(env, argv[0])) == NULL ||
      !octets(env, argv[1], &mac, &length) || napi_get_value_bool(env, argv[2], &join) != napi_ok)
    return NULL;
  struct sockaddr_ll bound;
  socklen_t bound_length = sizeof bound;
  if (length != ETH_ALEN) return fail(env, EINVAL, "changing a multicast membership");
  if (getsockname(s->fd, (struct sockaddr *)&bound, &bound_length) < 0)
    return fail(env, errno, "changing a multicast membership");
  struct packet_mreq request = {
      .mr_ifindex = bound.sll_ifindex, .mr_type = PACKET_MR_MULTICAST, .mr_alen = ETH_ALEN};
  memcpy(request.mr_address, mac, ETH_ALEN);
  if (setsockopt(s->fd, SOL_PACKET, join ? PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP, &request,
                 sizeof request) < 0)
    return fail(env, errno, "changing a multicast membership");
  return NULL;
}

static napi_value js_statistics(napi_env env, napi_callback_info info) {
  napi_value argv[1], result, number;
  struct tpacket_stats stats;
  socklen_t length = sizeof stats;
  sock *s;
  if (!arguments(env, info, 1, argv) || (s = usable(env, argv[0])) == NULL) return NULL;
  if (getsockopt(s->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length) < 0)
    return fail(env, errno, "reading the statistics");
  napi_create_array_with_length(env, 2, &result);
  napi_create_uint32(env, stats.tp_packets, &number);
  napi_set_element(env, result, 0, number);
  napi_create_uint32(env, stats.tp_drops, &number);
  napi_set_element(env, result, 1, number);
  return result;
}

static napi_value js_close(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  sock *s;
  if (arguments(env, info, 1, argv) && (s = open_sock(env, argv[0])) != NULL) shut(s);
  return NULL;
}

static int netlink(uint32_t groups) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  struct sockaddr_nl at = {.nl_family = AF_NETLINK, .nl_groups = groups};
  if (fd < 0) return -1;
  if (bind(fd, (struct sockaddr *)&at, sizeof at) == 0) return fd;
  int e = errno;
  close(fd);
  errno = e;
  return -1;
}

static napi_value js_watch(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  if (!arguments(env, info, 1, argv)) return NULL;
  sock *s = calloc(1, sizeof *s);
  if (s == NULL) return fail(env, ENOMEM, "watching the interfaces");
  s->env = env;
  s->fd = netlink(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
  if (s->fd < 0) {
    int e = errno;
    or_drop(s, NULL);
    return fail(env, e, "watching the interfaces");
  }
  return or_drop(s, hand_over(env, s, argv[0], on_netlink));
}

static void set_number(napi_env env, napi_value object, const char *key, double number) {
  napi_value value;
  napi_create_double(env, number, &value);
  napi_set_named_property(env, object, key, value);
}

static void set_text(napi_env env, napi_value object, const char *key, const char *text, size_t length) {
  napi_value value;
  napi_create_string_latin1(env, text, length, &value);
  napi_set_named_property(env, object, key, value);
}

static void set_octets(napi_env env, napi_value object, const char *key, const void *from, size_t length) {
  napi_value buffer, value;
  void *data;
  napi_create_arraybuffer(env, length, &data, &buffer);
  if (length > 0) memcpy(data, from, length);
  napi_create_typedarray(env, napi_uint8_array, length, buffer, 0, &value);
  napi_set_named_property(env, object, key, value);
}

static void read_kind(napi_env env, napi_value object, const struct rtattr *info) {
  int left = (int)RTA_PAYLOAD(info);
  for (const struct rtattr *a = RTA_DATA(info); RTA_OK(a, left); a = RTA_NEXT(a, left))
    if (a->rta_type == IFLA_INFO_KIND)
      set_text(env, object, "kind", RTA_DATA(a), strnlen(RTA_DATA(a), RTA_PAYLOAD(a)));
}

static void read_link(napi_env env, const struct nlmsghdr *message, napi_value list, uint32_t *count) {
  const struct ifinfomsg *link = NLMSG_DATA(message);
  napi_value object, addresses;
  napi_create_object(env, &object);
  napi_create_array(env, &addresses);
  set_number(env, object, "index", link->ifi_index);
  set_number(env, object, "flags", link->ifi_flags);
  set_number(env, object, "type", link->ifi_type);
  set_number(env, object, "master", 0);
  set_text(env, object, "kind", "", 0);
  set_octets(env, object, "mac", NULL, 0);
  napi_set_named_property(env, object, "addresses", addresses);
  int left = (int)IFLA_PAYLOAD(message);
  for (const struct rtattr *a = IFLA_RTA(link); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    if (a->rta_type == IFLA_IFNAME)
      set_text(env, object, "name", RTA_DATA(a), strnlen(RTA_DATA(a), RTA_PAYLOAD(a)));
    else if (a->rta_type == IFLA_ADDRESS)
      set_octets(env, object, "mac", RTA_DATA(a), RTA_PAYLOAD(a));
    else if (a->rta_type == IFLA_MASTER && RTA_PAYLOAD(a) >= sizeof(uint32_t)) {
      uint32_t master;
      memcpy(&master, RTA_DATA(a), sizeof master);
      set_number(env, object, "master", master);
    } else if (a->rta_type == IFLA_LINKINFO)
      read_kind(env, object, a);
  }
  napi_set_element(env, list, (*count)++, object);
}

static void read_address(napi_env env, const struct nlmsghdr *message, napi_value list, uint32_t count) {
  const struct ifaddrmsg *address = NLMSG_DATA(message);
  const void *octets_at = NULL;
  size_t length = 0;
  uint32_t flags = address->ifa_flags;
  int left = (int)IFA_PAYLOAD(message);
  for (const struct rtattr *a = IFA_RTA(address); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    /* IFA_LOCAL is the own end of a point-to-point link, and absent for IPv6. */
    if (a->rta_type == IFA_LOCAL || (a->rta_type == IFA_ADDRESS && octets_at == NULL)) {
      octets_at = RTA_DATA(a);
      length = RTA_PAYLOAD(a);
    } else if (a->rta_type == IFA_FLAGS && RTA_PAYLOAD(a) >= sizeof flags)
      memcpy(&flags, RTA_DATA(a), sizeof flags);
  }
  if (length != 4 && length != 16) return;
  for (uint32_t i = 0; i < count; i++) {
    napi_value object, value, addresses, entry;
    double index;
    uint32_t at;
    napi_get_element(env, list, i, &object);
    napi_get_named_property(env, object, "index", &value);
    napi_get_value_double(env, value, &index);
    if ((uint32_t)index != address->ifa_index) continue;
    napi_get_named_property(env, object, "addresses", &addresses);
    napi_get_array_length(env, addresses, &at);
    napi_create_object(env, &entry);
    set_octets(env, entry, "octets", octets_at, length);
    set_number(env, entry, "flags", flags);
    set_number(env, entry, "scope", address->ifa_scope);
    set_number(env, entry, "length", address->ifa_prefixlen);
    napi_set_element(env, addresses, at, entry);
    return;
  }
}

/* Entries without a MAC of six octets are not resolved, or not of Ethernet. */
static void read_neighbour(napi_env env, const struct nlmsghdr *message, napi_value list, uint32_t *count) {
  const struct ndmsg *entry = NLMSG_DATA(message);
  const struct rtattr *address = NULL, *mac = NULL;
  napi_value object;
  int left = (int)NLMSG_PAYLOAD(message, sizeof *entry);
  const struct rtattr *a = (const void *)((const char *)entry + NLMSG_ALIGN(sizeof *entry));
  for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
    if (a->rta_type == NDA_DST)
      address = a;
    else if (a->rta_type == NDA_LLADDR)
      mac = a;
  if (address == NULL || mac == NULL || RTA_PAYLOAD(mac) != ETH_ALEN) return;
  if (entry->ndm_state & (NUD_INCOMPLETE | NUD_FAILED | NUD_NOARP)) return;
  if (RTA_PAYLOAD(address) != 4 && RTA_PAYLOAD(address) != 16) return;
  napi_create_object(env, &object);
  set_number(env, object, "index", entry->ndm_ifindex);
  set_octets(env, object, "octets", RTA_DATA(address), RTA_PAYLOAD(address));
  set_octets(env, object, "mac", RTA_DATA(mac), ETH_ALEN);
  napi_set_element(env, list, (*count)++, object);
}

/* One dump of links, of addresses or of neighbours into `list`. Returns 0 or an errno. */
static int dump(napi_env env, int fd, uint16_t type, napi_value list, uint32_t *count) {
  struct {
    struct nlmsghdr header;
    union {
      struct rtgenmsg generic;
      struct ndmsg neighbour;
    } body;
  } request = {.header = {.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = type}};
  size_t size = 1 << 16;
  /* What follows a shorter body would be read as attributes. */
  request.header.nlmsg_len = NLMSG_LENGTH(type == RTM_GETNEIGH ? sizeof request.body.neighbour
                                                               : sizeof request.body.generic);
  if (send(fd, &request, request.header.nlmsg_len, 0) < 0) return errno;
  char *buffer = malloc(size);
  if (buffer == NULL) return ENOMEM;
  int result = -1;
  while (result < 0) {
    ssize_t n = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC);
    if (n > (ssize_t)size) {
      char *larger = realloc(buffer, (size_t)n);
      if (larger == NULL) {
        result = ENOMEM;
        break;
      }
      buffer = larger;
      size = (size_t)n;
    }
    n = recv(fd, buffer, size, 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      result = errno;
      break;
    }
    int left = (int)n;
    for (struct nlmsghdr *h = (void *)buffer; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
      napi_handle_scope scope;
      napi_open_handle_scope(env, &scope);
      if (h->nlmsg_type == NLMSG_DONE)
        result = 0;
      else if (h->nlmsg_type == NLMSG_ERROR)
        result = -((struct nlmsgerr *)NLMSG_DATA(h))->error;
      else if (h->nlmsg_type == RTM_NEWLINK)
        read_link(env, h, list, count);
      else if (h->nlmsg_type == RTM_NEWADDR)
        read_address(env, h, list, *count);
      else if (h->nlmsg_type == RTM_NEWNEIGH)
        read_neighbour(env, h, list, count);
      napi_close_handle_scope(env, scope);
    }
  }
  free(buffer);
  return result;
}

/* What the dumps of these types list, one after the other. */
static napi_value dumps(napi_env env, const uint16_t *types, size_t number, const char *doing) {
  napi_value list;
  uint32_t count = 0;
  int e = 0, fd = netlink(0);
  if (fd < 0) return fail(env, errno, doing);
  napi_create_array(env, &list);
  for (size_t i = 0; i < number && e == 0; i++) e = dump(env, fd, types[i], list, &count);
  close(fd);
  return e == 0 ? list : fail(env, e, doing);
}

static napi_value js_interfaces(napi_env env, napi_callback_info info) {
  (void)info;
  return dumps(env, (const uint16_t[]){RTM_GETLINK, RTM_GETADDR}, 2, "reading the interfaces");
}

static napi_value js_neighbours(napi_env env, napi_callback_info info) {
  (void)info;
  return dumps(env, (const uint16_t[]){RTM_GETNEIGH}, 1, "reading the neighbours");
}

/* In memory.c. */
extern napi_value js_collect(napi_env env, napi_callback_info info);
extern napi_value js_give_back(napi_env env, napi_callback_info info);

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback function;
  } table[] = {{"open", js_open},           {"setFilter", js_set_filter},
               {"send", js_send},           {"membership", js_membership},
               {"statistics", js_statistics}, {"close", js_close},
               {"watch", js_watch},         {"interfaces", js_interfaces},
               {"neighbours", js_neighbours}, {"collect", js_collect},
               {"giveBack", js_give_back}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    napi_value function;
    napi_create_function(env, table[i].name, NAPI_AUTO_LENGTH, table[i].function, NULL, &function);
    napi_set_named_property(env, exports, table[i].name, function);
  }
  return exports;
}
