"""How sure an answer is: draws of the figures it hangs on, intervals, and what moves it (METHOD 9)."""
