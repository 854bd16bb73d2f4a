/* decode_damage_test.c - bodies that csrc/decode.h must refuse: cut short, followed by more, altered.
 * Exits 0 when every check held; prints the first that did not and exits 1. */
#include "decode_support.h"

static void a_body_cut_at_any_byte_is_truncated(void)
{
  struct bytes plain = sample(100);
  for(size_t i = 0; i < COUNT(ENCODERS); i++) {
    struct bytes once = ENCODERS[i].encode(plain);
    char why[32];
    snprintf(why, sizeof(why), "%s: truncated", ENCODERS[i].token);
    for(size_t len = 1; len < once.len; len++) {
      struct bytes cut = bytes_new(once.data, len);
      expect_corrupt(ENCODERS[i].token, cut, plain, why);
      free(cut.data);
    }
    for(size_t j = 0; j < COUNT(ENCODERS); j++) {
      struct bytes twice = ENCODERS[j].encode(once);
      char list[32];
      snprintf(list, sizeof(list), "%s, %s", ENCODERS[i].token, ENCODERS[j].token);
      snprintf(why, sizeof(why), "%s: truncated", ENCODERS[j].token);
      for(size_t len = 1; len < twice.len; len++) {
        struct bytes cut = bytes_new(twice.data, len);
        expect_corrupt(list, cut, plain, why);
        free(cut.data);
      }
      free(twice.data);
    }
    free(once.data);
  }
  free(plain.data);
}

static void a_later_member_or_frame_cut_at_any_byte_is_truncated(void)
{
  struct bytes plain = sample(100);
  for(size_t i = 0; i < COUNT(ENCODERS); i++) {
    struct bytes once = ENCODERS[i].encode(plain);
    struct bytes two = joined(once, once);
    struct bytes both = joined(plain, plain);
    char why[32];
    snprintf(why, sizeof(why), "%s: truncated", ENCODERS[i].token);
    if(ENCODERS[i].encode == gzip_encode || ENCODERS[i].encode == zstd_encode) {
      for(size_t len = once.len + 1; len < two.len; len++) {
        struct bytes cut = bytes_new(two.data, len);
        expect_corrupt(ENCODERS[i].token, cut, both, why);
        free(cut.data);
      }
    }
    free(once.data);
    free(two.data);
    free(both.data);
  }
  free(plain.data);
}

static void a_whole_outer_layer_does_not_hide_a_cut_inner_one(void)
{
  struct bytes plain = sample(100);
  struct bytes once = gzip_encode(plain);
  for(size_t len = 0; len < once.len; len++) {
    struct bytes twice = brotli_encode((struct bytes){once.data, len});
    expect_corrupt("gzip, br", twice, plain, "gzip: truncated");
    free(twice.data);
  }
  free(once.data);
  free(plain.data);
}

static void only_gzip_may_be_padded_and_only_with_zeros(void)
{
  static const uint8_t zeros[600] = {0};
  struct bytes plain = sample(100);
  for(size_t i = 0; i < COUNT(ENCODERS); i++) {
    const bool gzip = ENCODERS[i].encode == gzip_encode;
    struct bytes coded = ENCODERS[i].encode(plain);
    struct bytes other = ENCODERS[i].encode(plain);
    char why[32];
    snprintf(why, sizeof(why), "%s: trailing data", ENCODERS[i].token);
    append(&other, "!", 1);
    expect_corrupt(ENCODERS[i].token, other, plain, why);
    append(&coded, zeros, sizeof(zeros));
    if(gzip) {
      expect_plain_however_cut("gzip", coded, plain);
      append(&coded, "\x1f", 1);
    }
    expect_corrupt(ENCODERS[i].token, coded, plain, why);
    free(coded.data);
    free(other.data);
  }
  free(plain.data);
}

static void a_flipped_bit_never_passes_as_other_bytes(void)
{
  struct bytes plain = sample(300);
  for(size_t i = 0; i < COUNT(ENCODERS); i++) {
    /* raw deflate and br carry no check value: there only memory safety is asked for */
    const bool checked = ENCODERS[i].encode != raw_deflate_encode && ENCODERS[i].encode != brotli_encode;
    struct bytes coded = ENCODERS[i].encode(plain);
    for(size_t bit = 0; bit < coded.len * 8; bit++) {
      struct outcome got;
      coded.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
      got = decode(ENCODERS[i].token, coded, plain, bit % 2 ? 7 : WHOLE, 13);
      CHECK(!checked || got.rc || (got.same && got.len == plain.len), "%s, bit %zu", ENCODERS[i].token, bit);
      coded.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(coded.data);
  }
  free(plain.data);
}

static void garbage_does_no_harm(void)
{
  static const char *const lists[] = {"gzip", "deflate", "br", "zstd", "br, gzip", "zstd, deflate"};
  struct bytes plain = sample(1);
  for(uint32_t round = 1; round <= 3000; round++) {
    uint32_t seed = round * 2654435761u;
    struct bytes noise = bytes_new(NULL, 1 + random_next(&seed) % 400);
    for(size_t i = 0; i < noise.len; i++)
      noise.data[i] = (uint8_t)random_next(&seed);
    for(size_t i = 0; i < COUNT(lists); i++) {
      static const uint8_t starts[][4] = {{0x1f, 0x8b, 8, 0}, {0x78, 0x9c}, {0x28, 0xb5, 0x2f, 0xfd}};
      const size_t start = round % (COUNT(starts) + 1);
      if(start < COUNT(starts) && noise.len >= 4)
        memcpy(noise.data, starts[start], 4); /* so that it gets past the first check */
      decode(lists[i], noise, plain, round % 3 ? WHOLE : 7, 1 + round % 700);
    }
    free(noise.data);
  }
  free(plain.data);
}

static void a_zstd_window_above_8_mib_is_refused_however_cut(void)
{
  struct bytes plain = bytes_new(NULL, (9u << 20) + 1);
  memset(plain.data, 'w', plain.len);
  for(int sized = 0; sized <= 1; sized++) {
    struct bytes wide = zstd_frame(plain, 24, sized);
    struct bytes allowed = zstd_frame(plain, 23, sized);
    const struct outcome got = decode("zstd", wide, plain, WHOLE, plain.len + 1);
    CHECK(got.rc == DECODE_CORRUPT, "sized %d, all at once: rc %d", sized, got.rc);
    expect_corrupt("zstd", wide, plain, "zstd: window above 8 MiB");
    expect_plain("zstd", allowed, plain, 7, 65536);
    expect_plain("zstd", allowed, plain, WHOLE, plain.len + 1);
    free(wide.data);
    free(allowed.data);
  }
  free(plain.data);
}

/* gzip swallows zero padding without a word: nothing comes out that a limit could see. */
static void what_blows_up_between_the_layers_is_refused(void)
{
  struct bytes plain = sample(10);
  struct bytes inner = gzip_encode(plain);
  struct bytes padding = bytes_new(NULL, 48u << 20);
  struct bytes outer;
  memset(padding.data, 0, padding.len);
  append(&inner, padding.data, padding.len);
  outer = brotli_encode(inner);
  expect_corrupt("gzip, br", outer, plain, "stacked codings expand beyond measure");
  free(plain.data);
  free(inner.data);
  free(padding.data);
  free(outer.data);
}

int main(void)
{
  a_body_cut_at_any_byte_is_truncated();
  a_later_member_or_frame_cut_at_any_byte_is_truncated();
  a_whole_outer_layer_does_not_hide_a_cut_inner_one();
  only_gzip_may_be_padded_and_only_with_zeros();
  a_flipped_bit_never_passes_as_other_bytes();
  garbage_does_no_harm();
  a_zstd_window_above_8_mib_is_refused_however_cut();
  what_blows_up_between_the_layers_is_refused();
  return 0;
}
