from __future__ import annotations

from tests.pipeline.source.case import private, read, signatures, told


def test_before_and_after() -> None:
    before = """
        module Shop
          class Order < ApplicationRecord
            belongs_to :user
            has_many :lines
            def total(a)
              1
            end
            def self.build(x) = new(x)
            private
            def check
              1
            end
          end
        end
    """
    after = (
        before.replace("has_many :lines", "has_many :lines, dependent: :destroy\n    validates :total, presence: true")
        .replace("def total(a)", "def total(a, rounded: true)")
        .replace("check\n              1", "check\n              2")
    )
    assert told("order.rb", before, after) == [
        "schema Shop.Order (Rails model) has_many :lines becomes has_many :lines, dependent: :destroy; adds validates :total, presence: true",
        "`def Shop::Order#total(a)` becomes `def Shop::Order#total(a, rounded: true)`",
        "`def Shop::Order#check`",
    ]
    assert private(read("order.rb", before)) == {"Shop.Order.check"}
    assert "def self.build(x)" in signatures(read("order.rb", before))


def test_tables() -> None:
    before = 'create_table "users", force: :cascade do |t|\n  t.string "name", null: false\nend\n'
    after = before.replace("end", "  t.references :account\nend\nchange_table :orders do |t|\n  t.integer :total\nend")
    assert told("db/schema.rb", before, after) == [
        "schema users (table) adds references :account",
        "adds schema orders (table change): integer :total",
    ]


def test_rails_routes() -> None:
    before = """
        Rails.application.routes.draw do
          root "home#index"
          get "/about", to: "pages#about"
          resources :users, only: [:index] do
            member do
              post :ban
            end
          end
        end
    """
    after = before.replace('"pages#about"', '"pages#show"').replace("[:index]", "[:index, :show]").replace(
        'root "home#index"',
        'root "home#index"\nget "old" => "pages#old"\nnamespace :admin do\n  resource :session\nend\nmount Sidekiq::Web => "/sidekiq"',
    )  # fmt: skip
    assert told("config/routes.rb", before, after) == [
        "adds route GET /old → pages#old",
        "adds route resource /admin/session",
        "adds route /sidekiq",
        "route GET /about → pages#about becomes GET /about → pages#show",
        "route resources only: [:index] /users becomes resources only: [:index, :show] /users",
    ]
    assert "POST /users/:id/ban" in {route.text for route in read("config/routes.rb", before).routes}


def test_routes_of_a_collection_have_no_id() -> None:
    found = read(
        "config/routes.rb",
        "Rails.application.routes.draw do\n  resources :articles do\n    get :feed, on: :collection\n"
        "    collection do\n      get :search\n    end\n    get :draft\n  end\nend\n",
    )
    paths = [route.path for route in found.routes]
    assert paths == ["/articles", "/articles/feed", "/articles/search", "/articles/:id/draft"]
