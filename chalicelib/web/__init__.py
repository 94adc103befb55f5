"""FACES PEOPLE: Blueprints and pages. Imports flow and domain; reaches neighbours only through them."""
