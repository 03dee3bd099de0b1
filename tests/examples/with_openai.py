"""The agent with a model of OpenAI's in the place of the scripted one: asks it one question."""

import sys

from agent.conversation import Conversation
from agent.history import Budget
from agent.loop import Agent
from agent.openai_model import OpenAIModel
from agent.server import Server

endpoint, user, session, question = sys.argv[1:]
server = Server(endpoint, headers={"X-User": user}, patience=10)
conversation = Conversation(server, session, settling=60)
agent = Agent(conversation, model=OpenAIModel("some-model"), budget=Budget(), tell=lambda *_: None)
sys.stdout.write(agent.ask(question, key="job"))
