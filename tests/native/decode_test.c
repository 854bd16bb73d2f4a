/* decode_test.c - bodies that csrc/decode.h must give back, however they are cut.
 * Exits 0 when every check held; prints the first that did not and exits 1. */
#include "decode_support.h"

static void every_coding_and_pair_gives_back_the_body(void)
{
  static const size_t sizes[] = {0, 1, 2, 100, 65535, 65536, 1000000};
  for(size_t s = 0; s < COUNT(sizes); s++) {
    struct bytes plain = sample(sizes[s]);
    for(size_t i = 0; i < COUNT(ENCODERS); i++) {
      struct bytes once = ENCODERS[i].encode(plain);
      expect_plain_however_cut(ENCODERS[i].token, once, plain);
      for(size_t j = 0; j < COUNT(ENCODERS); j++) {
        struct bytes twice = ENCODERS[j].encode(once);
        char list[32];
        snprintf(list, sizeof(list), "%s, %s", ENCODERS[i].token, ENCODERS[j].token);
        expect_plain_however_cut(list, twice, plain);
        free(twice.data);
      }
      free(once.data);
    }
    free(plain.data);
  }
}

static void five_layers_give_back_the_body(void)
{
  struct bytes plain = sample(300000);
  struct bytes coded = bytes_new(plain.data, plain.len);
  for(size_t i = 0; i < COUNT(ENCODERS); i++) {
    struct bytes next = ENCODERS[i].encode(coded);
    free(coded.data);
    coded = next;
  }
  expect_plain_however_cut("gzip, deflate, identity, deflate, br, zstd", coded, plain);
  free(coded.data);
  free(plain.data);
}

static void a_body_of_one_byte_value_comes_out_in_pieces(void)
{
  struct bytes plain = bytes_new(NULL, 20000000);
  memset(plain.data, 0, plain.len);
  for(size_t i = 0; i < COUNT(ENCODERS); i++) {
    struct bytes coded = ENCODERS[i].encode(plain);
    expect_plain(ENCODERS[i].token, coded, plain, WHOLE, 4096);
    free(coded.data);
  }
  free(plain.data);
}

static void lists_are_read_as_rfc_9110_says(void)
{
  static const struct {
    const char *list;
    int rc;
    bool layers;
  } rows[] = {
    {"", DECODE_OK, false},
    {"identity", DECODE_OK, false},
    {" , ,\tIdentity ,", DECODE_OK, false},
    {"GZIP", DECODE_OK, true},
    {"X-gzip", DECODE_OK, true},
    {", \tbr ,,", DECODE_OK, true},
    {"gzip,deflate,br,zstd,identity,gzip", DECODE_OK, true},
    {"gzip,deflate,br,zstd,gzip,br", DECODE_TOO_DEEP, false},
    {"compress", DECODE_UNKNOWN, false},
    {"gzi", DECODE_UNKNOWN, false},
    {"gzipp", DECODE_UNKNOWN, false},
    {"gzip br", DECODE_UNKNOWN, false},
    {"gzip;q=1", DECODE_UNKNOWN, false},
    {"br, what", DECODE_UNKNOWN, false},
  };
  for(size_t i = 0; i < COUNT(rows); i++) {
    struct bytes list = bytes_new(rows[i].list, strlen(rows[i].list));
    struct decoder *decoder = NULL;
    const int rc = decoder_new(&decoder, (const char *)list.data, list.len);
    CHECK(rc == rows[i].rc && (decoder != NULL) == rows[i].layers, "\"%s\": rc %d", rows[i].list, rc);
    decoder_free(decoder);
    free(list.data);
  }
}

static void an_empty_body_is_whole(void)
{
  struct bytes none = bytes_new(NULL, 0);
  for(size_t i = 0; i < COUNT(ENCODERS); i++)
    expect_plain(ENCODERS[i].token, none, none, WHOLE, 1);
  expect_plain("gzip, br", none, none, WHOLE, 1);
  free(none.data);
}

static void calls_without_input_change_nothing(void)
{
  struct bytes plain = sample(1000);
  for(size_t i = 0; i < COUNT(ENCODERS); i++) {
    struct bytes coded = ENCODERS[i].encode(plain);
    struct decoder *decoder = NULL;
    uint8_t out[1500];
    size_t produced = 0;
    CHECK(!decoder_new(&decoder, ENCODERS[i].token, strlen(ENCODERS[i].token)), "new");
    for(size_t at = 0; at <= coded.len; at++) {
      const uint8_t *in = coded.data + at;
      size_t in_len = at < coded.len ? 1 : 0;
      for(int again = 0; again < 40; again++)
        CHECK(!decoder_run(decoder, &in, &in_len, out + produced, sizeof(out) - produced, &produced), "%s: %s",
              ENCODERS[i].token, decoder_why(decoder));
    }
    CHECK(!decoder_end(decoder) && produced == plain.len && !memcmp(out, plain.data, produced), "%s: %s",
          ENCODERS[i].token, decoder_why(decoder));
    decoder_free(decoder);
    free(coded.data);
  }
  free(plain.data);
}

static void members_and_frames_follow_one_another(void)
{
  static const uint8_t skippable[] = {0x5a, 0x2a, 0x4d, 0x18, 3,    0, 0, 0, 'x', 'y',
                                      'z',  0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0};
  struct bytes first = sample(70000), second = sample(5), none = sample(0);
  struct bytes plain = joined(first, second);
  struct bytes no_frame = bytes_new(skippable, sizeof(skippable));
  for(size_t i = 0; i < COUNT(ENCODERS); i++) {
    const bool zstd = ENCODERS[i].encode == zstd_encode;
    struct bytes coded = ENCODERS[i].encode(first);
    struct bytes empty = ENCODERS[i].encode(none);
    struct bytes tail = ENCODERS[i].encode(second);
    append(&coded, empty.data, empty.len);
    if(zstd)
      append(&coded, skippable, sizeof(skippable));
    append(&coded, tail.data, tail.len);
    if(zstd)
      append(&coded, skippable, sizeof(skippable));
    if(zstd || ENCODERS[i].encode == gzip_encode)
      expect_plain_however_cut(ENCODERS[i].token, coded, plain);
    else {
      char why[32];
      snprintf(why, sizeof(why), "%s: trailing data", ENCODERS[i].token);
      expect_corrupt(ENCODERS[i].token, coded, plain, why);
    }
    free(coded.data);
    free(empty.data);
    free(tail.data);
  }
  expect_plain("zstd", no_frame, none, 1, 1);
  free(first.data);
  free(second.data);
  free(none.data);
  free(no_frame.data);
  free(plain.data);
}

static void a_gzip_header_may_have_every_field(void)
{
  uint8_t extra[300] = {1, 2, 3}, name[] = "name", comment[] = "comment";
  gz_header header = {.text = 1,
                      .time = 1,
                      .os = 3,
                      .extra = extra,
                      .extra_len = sizeof(extra),
                      .name = name,
                      .comment = comment,
                      .hcrc = 1};
  struct bytes plain = sample(1000);
  struct bytes coded = zlib_encode(plain, MAX_WBITS + 16, &header);
  expect_plain_however_cut("x-gzip", coded, plain);
  coded.data[20] ^= 1; /* in the extra field: only the header's check value tells */
  expect_corrupt("x-gzip", coded, plain, "gzip: corrupt");
  free(coded.data);
  free(plain.data);
}

int main(void)
{
  every_coding_and_pair_gives_back_the_body();
  five_layers_give_back_the_body();
  a_body_of_one_byte_value_comes_out_in_pieces();
  lists_are_read_as_rfc_9110_says();
  an_empty_body_is_whole();
  calls_without_input_change_nothing();
  members_and_frames_follow_one_another();
  a_gzip_header_may_have_every_field();
  return 0;
}
