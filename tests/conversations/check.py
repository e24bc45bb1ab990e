#!/usr/bin/env python3
"""Checks conversation tests against a shop's own files: every expectation can be met by a product.

Usage: python3 check.py CATALOG FACETS FILE.jsonl...

Reports expectations on products that nothing in the catalogue holds, and unknown skus, categories,
facets and values. What a reply must say is only compiled. Exit 1 if anything is reported.
"""

import json
import re
import sys
import tomllib
from pathlib import Path


def sizes_of(product):
    if product.get("variants"):
        return {v["options"].get("size", "") for v in product["variants"]
                if v["availability"] == "preorder" or v["stock"] > 0}
    stock = product.get("stock")
    return {size for size, units in stock.items() if units} if isinstance(stock, dict) else None


def holds_size(product, size):
    sold = sizes_of(product)
    if sold is None:
        return product["stock"] > 0
    for name in sold:
        low, _, high = name.partition("-")
        if low.isdigit() and high.isdigit() and size.isdigit():
            if int(low) <= int(size) <= int(high):
                return True
        elif name.lower() == size.lower():
            return True
    return False


def price_of(product, size):
    prices = [float(v["price"]["amount"]) for v in product.get("variants", [])
              if (size is None or v["options"].get("size", "").lower() == size.lower())
              and (v["availability"] == "preorder" or v["stock"] > 0)]
    return min(prices) if prices else float(product["price"]["amount"])


class Shop:
    def __init__(self, catalog, facets):
        lines = Path(catalog).read_text(encoding="utf-8").splitlines()
        self.products = {p["sku"]: p for p in map(json.loads, lines)}
        words = tomllib.loads(Path(facets).read_text(encoding="utf-8"))
        self.parents = {c["id"]: c.get("parent") for c in words["category"]}
        self.values = {f["key"]: {v["id"] for v in f["value"]} for f in words["facet"]}
        self.lenient = {f["key"] for f in words["facet"] if f.get("missing") == "matches"}

    def line(self, category):
        while category:
            yield category
            category = self.parents.get(category)

    def unknown(self, want):
        yield from (f"sku {sku}" for sku in want.get("sku", []) if sku not in self.products)
        yield from (f"category {c}" for c in want.get("category", []) if c not in self.parents)
        for check in ("facet", "facet_not"):
            for key, values in want.get(check, {}).items():
                yield from (f"{key}={v}" for v in values if v not in self.values.get(key, ()))

    def fits(self, product, want):
        size = want.get("size")
        own = product["facets"]
        price = price_of(product, size)
        return (
            ("sku" not in want or product["sku"] in want["sku"])
            and ("category" not in want or set(self.line(product["category"])) & set(want["category"]))
            and price <= want.get("price_max", price) and price >= want.get("price_min", price)
            and (size is None or holds_size(product, size))
            and all(set(own.get(k, [])) & set(vs) or (k not in own and k in self.lenient)
                    for k, vs in want.get("facet", {}).items())
            and not any(k in own and set(own[k]) <= set(vs) for k, vs in want.get("facet_not", {}).items()))


def patterns(expect):
    for check in ("says", "says_not", "link"):
        yield from expect.get(check, [])


def faults(shop, conversation):
    wants = [("want", conversation["want"])] if "want" in conversation else []
    for turn in conversation.get("turns", []):
        expect = turn.get("expect", {})
        wants += [(turn.get("say"), way) for way in [expect, *expect.get("any", [])]]
    for said, want in wants:
        yield from (f"{said}: unknown {name}" for name in shop.unknown(want))
        for pattern in patterns(want):
            re.compile(pattern)
        count = sum(bool(shop.fits(product, want)) for product in shop.products.values())
        if not count:
            yield f"{said}: no product holds {want}"
        if "other_than_before" in want and count < 2:
            yield f"{said}: only one product holds it, another one is wanted"


def main():
    catalog, facets, *files = sys.argv[1:]
    shop, found, ids = Shop(catalog, facets), 0, set()
    for path in files:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            conversation = json.loads(line)
            twice = ["id twice"] if conversation["id"] in ids else []
            ids.add(conversation["id"])
            for fault in [*twice, *faults(shop, conversation)]:
                found += 1
                print(f"{path}: {conversation['id']}: {fault}")
    print(f"{len(ids)} conversations, {found} faults", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
