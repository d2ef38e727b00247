"""An ordinary script that uses neither engine."""

print("sum", sum(range(1000)))
