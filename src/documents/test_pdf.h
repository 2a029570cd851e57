/* Small PDFs made by hand, for tests: one page, a font of Latin letters (/L) and one of Chinese
 * characters in GBK (/C) that is not in the file and has no map to Unicode. */
#pragma once

#include "base/base.h"

#include <stdio.h>
#include <string.h>

struct test_pdf {
    uint8_t bytes[1 << 16];
    size_t size, at[64]; /* at: where the objects begin */
    unsigned count, forms;
    bool locked; /* wants a password */
};

static inline void test_pdf_say(struct test_pdf *pdf, const char *text)
{
    size_t size = strlen(text);
    memcpy(pdf->bytes + pdf->size, text, size);
    pdf->size += size;
}

static inline void test_pdf_object(struct test_pdf *pdf, const char *text)
{
    char head[32];
    pdf->at[pdf->count++] = pdf->size;
    snprintf(head, sizeof head, "%u 0 obj\n", pdf->count);
    test_pdf_say(pdf, head);
    test_pdf_say(pdf, text);
    test_pdf_say(pdf, "\nendobj\n");
}

/* Objects 1 to 7: catalog, pages, and the fonts. */
static inline void test_pdf_begin(struct test_pdf *pdf)
{
    memset(pdf, 0, sizeof *pdf);
    test_pdf_say(pdf, "%PDF-1.7\n");
    test_pdf_object(pdf, "<</Type/Catalog/Pages 2 0 R>>");
    test_pdf_object(pdf, "<</Type/Pages/Kids[8 0 R]/Count 1>>");
    test_pdf_object(pdf,
                    "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>");
    test_pdf_object(pdf, "<</Type/Font/Subtype/Type0/BaseFont/SimSun/Encoding/GBK-EUC-H"
                         "/DescendantFonts[5 0 R]>>");
    test_pdf_object(pdf, "<</Type/Font/Subtype/CIDFontType0/BaseFont/SimSun/FontDescriptor 6 0 R"
                         "/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>/DW 1000>>");
    test_pdf_object(pdf, "<</Type/FontDescriptor/FontName/SimSun/Flags 4/FontBBox[0 -200 1000 800]"
                         "/ItalicAngle 0/Ascent 800/Descent -200/CapHeight 700/StemV 80>>");
    test_pdf_object(pdf, "<<>>");
}

static inline void test_pdf_stream(struct test_pdf *pdf, const char *dictionary, const char *text)
{
    char object[4096];
    snprintf(object, sizeof object, "<<%s/Length %zu>>stream\n%s\nendstream", dictionary,
             strlen(text), text);
    test_pdf_object(pdf, object);
}

/* The page, object 8, and what it draws; forms of test_pdf_nest come behind. */
static inline void test_pdf_page(struct test_pdf *pdf, const char *content)
{
    test_pdf_object(pdf, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 9 0 R"
                         "/Resources<</Font<</L 3 0 R/C 4 0 R>>/XObject<</F0 10 0 R>>>>>>");
    test_pdf_stream(pdf, "", content);
    for (unsigned i = 0; i < pdf->forms; i++) {
        char dictionary[200], name[32], text[200] = "";
        snprintf(dictionary, sizeof dictionary,
                 "/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F%u %u 0 R>>>>",
                 i + 1, i + 11);
        snprintf(name, sizeof name, "/F%u Do ", i + 1);
        for (int j = 0; j < 10; j++)
            strcat(text, i + 1 < pdf->forms ? name : "0 0 1 1 re f ");
        test_pdf_stream(pdf, dictionary, text);
    }
}

/* Forms, each of which draws the next one ten times, so deep. */
static inline void test_pdf_nest(struct test_pdf *pdf, unsigned depth)
{
    pdf->forms = depth;
}

static inline struct bytes test_pdf_end(struct test_pdf *pdf)
{
    char line[200];
    size_t begins = pdf->size;
    snprintf(line, sizeof line, "xref\n0 %u\n0000000000 65535 f \n", pdf->count + 1);
    test_pdf_say(pdf, line);
    for (unsigned i = 0; i < pdf->count; i++) {
        snprintf(line, sizeof line, "%010zu 00000 n \n", pdf->at[i]);
        test_pdf_say(pdf, line);
    }
    snprintf(line, sizeof line, "trailer<</Size %u/Root 1 0 R", pdf->count + 1);
    test_pdf_say(pdf, line);
    if (pdf->locked)
        test_pdf_say(pdf,
                     "/ID[<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]"
                     "/Encrypt<</Filter/Standard/V 1/R 2/P -4"
                     "/O<0000000000000000000000000000000000000000000000000000000000000000>"
                     "/U<1111111111111111111111111111111111111111111111111111111111111111>>>");
    snprintf(line, sizeof line, ">>\nstartxref\n%zu\n%%%%EOF\n", begins);
    test_pdf_say(pdf, line);
    return bytes_of(pdf->bytes, pdf->size);
}
