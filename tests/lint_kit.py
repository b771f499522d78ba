"""A small bank without a fault, for the tests that plant one."""

from __future__ import annotations

from pathlib import Path

QUESTIONS = """\
category: bridges
title: Bridges
questions:
  - id: deck
    number: 1
    ask: "What is the deck of a bridge for?"
    difficulty: easy
    roles: [mle, llm-eng]
    answer: |
      The deck carries the road, so lorries and cars drive over it.
      Below it the pillars stand apart, and water flows freely between them.
    notes: "A deck of concrete weighs more than one of steel."
    follow_ups:
      - ask: "How thick is it?"
        answer: "A quarter of a metre."
  - id: cable
    number: 2
    ask: "How does a suspension bridge keep its shape?"
    difficulty: hard
    roles: [all]
    answer: |
      The main cable pulls on the towers, and at both ends anchors of concrete hold the cable.
      Dampers calm the swaying that strong wind brings.
"""
RUBRICS = """\
category: bridges
rubrics:
  deck:
    key_points:
      - id: road
        point: "The deck carries the road, so lorries and cars drive over it."
        weight: 2
        required: true
        accept:
          - "Lorries drive over the deck."
          - "It holds the road up for cars."
          - "Traffic rolls along the top, where the road is."
          - "Every car on the road rests upon the deck."
          - "Without a deck no lorry and no car could cross."
          - "You need it as a surface that carries the road."
        reject:
          - "The deck hangs from balloons in the sky."
          - "Ships sail inside the hollow deck."
          - "Its purpose is decoration, nobody travels on the deck."
          - "Birds alone may use the deck."
          - "The deck carries rain into a tank."
          - "A deck shades fish from sunlight."
        probe: "Who uses a bridge, and where on it?"
      - id: river
        point: "Below, pillars stand apart and water flows freely between them."
        accept:
          - "Water flows between the pillars."
          - "The pillars leave room, so water flows through."
          - "Pillars stand apart and the water is not held back."
          - "A flood passes, because between pillars there is room for water."
          - "They put the pillars wide apart for the water's sake."
          - "Freely flowing water needs gaps, and pillars leave gaps."
        reject:
          - "A wall of stone dams everything upstream."
          - "Turbines pump the lake dry every morning."
          - "The foundations freeze all that comes near."
          - "A canal replaces whatever was there before."
          - "Engineers bury the stream in a tunnel."
          - "Gravel fills the valley from side to side."
        probe: "What is under a bridge, and what becomes of it?"
  cable:
    key_points:
      - id: anchored
        point: "The main cable pulls on the towers, and anchors of concrete hold both its ends."
        required: true
        accept:
          - "Anchors hold the main cable at both ends."
          - "The towers carry what the cable pulls."
          - "Each end of the cable sits in a block of concrete."
          - "A cable runs over the towers into its anchors."
          - "If the anchors gave way, so would the main cable."
          - "The pull of the cable goes to towers and anchors."
        reject:
          - "Glue sticks every part to its neighbour."
          - "Magnets in the ground attract the steel."
          - "It floats on pontoons filled with helium."
          - "The ropes are ornaments without any load."
          - "Gravity does not act so high above ground."
          - "Drivers balance it by keeping left."
        probe: "Where do the forces end up?"
      - id: dampers
        point: "Dampers calm the swaying that strong wind brings."
        accept:
          - "Strong wind makes it sway, and dampers calm that."
          - "Dampers take the swaying out."
          - "Swaying in wind is what the dampers are for."
          - "Wind brings oscillation, which dampers soak up."
          - "When strong gusts come, dampers work against the sway."
          - "There are dampers, so wind cannot set it swaying for long."
        reject:
          - "Storms are forbidden near such structures."
          - "Sails mounted on top steer the whole thing."
          - "People hold ropes whenever a hurricane arrives."
          - "Heavier paint makes motion impossible."
          - "Motors shake back and forth all night."
          - "Nothing so large can ever move."
        probe: "What does a storm do to it?"
"""


def write_bank(folder: Path, questions: str = QUESTIONS, rubrics: str = RUBRICS) -> Path:
    """Write `bank/01-bridges.yaml` and `rubrics/01-bridges.yaml`; returns the folder."""
    for name, text in (("bank", questions), ("rubrics", rubrics)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "01-bridges.yaml").write_text(text, encoding="utf-8")
    return folder
