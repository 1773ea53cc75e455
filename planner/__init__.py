"""The planner: a language model that plans, composes and infills scores."""
