"""Run the command line interface as `python -m gql_api`."""

from gql_api.cli import main

if __name__ == "__main__":
    main()
