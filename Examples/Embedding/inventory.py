"""Alea in a Python program: the inventory of ../inventory.alea with the prices of the command line.

    python3 inventory.py ../inventory.alea 30 9.5 2

prints, for every stock in the evening, what the shop is worth and how much it should order.
"""

import sys

import alea


def main():
    if len(sys.argv) != 5:
        sys.exit("usage: inventory.py FILE CAPACITY PRICE SETUP")
    path, capacity, price, setup = sys.argv[1:]
    session = alea.Session(output=None)
    try:
        session.run_file(path)
        best = session.evaluate(f"solve(Inventory(capacity: {capacity}, price: {price}, setup: {setup}))")
    except alea.AleaError as error:
        sys.exit(str(error))
    for row in best.table():
        print(row["stock"], f"{row['value']:.10f}", row["order"])


if __name__ == "__main__":
    main()
