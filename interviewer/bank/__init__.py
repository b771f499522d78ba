"""What is asked: questions, rubrics and the choice among them."""
