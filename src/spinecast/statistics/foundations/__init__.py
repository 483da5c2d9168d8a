"""What every other room of statistics rests on: estimates with intervals, checked inputs, and small exact fits."""
