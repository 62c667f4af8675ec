"""Steps of a history as alarms: classed, confirmed by the gate, and told in a form that others can post."""
